//! What events, feeds, positions, audiences and rules are.
