//! Every bound of the program, together.
//!
//! Each queue, page, batch, wait and scan has its bound here, so that they can be read side by side and
//! checked against each other. Units are last in the names.

/// Longest id, in bytes.
pub const ID_BYTES_MAX: usize = 64;
/// Longest name of an event type, in bytes.
pub const EVENT_TYPE_BYTES_MAX: usize = 64;
/// Longest string that the server itself reads out of an event (names, logins, times), in bytes.
pub const TEXT_BYTES_MAX: usize = 4 * 1024;
/// Largest rendering of one event, in bytes.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of JSON inside an event; readers in several languages give up far above this.
pub const JSON_DEPTH_MAX: usize = 64;
/// Largest body of a publish, in bytes.
pub const PUBLISH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most drafts in one publish.
pub const PUBLISH_DRAFTS_MAX: usize = 10_000;
/// Most user ids in the explicit audiences of one publish, together.
pub const PUBLISH_HEARERS_MAX: usize = 500_000;
/// Most bad drafts that the refusal of a publish lists.
pub const REFUSED_DRAFTS_MAX: usize = 20;
/// Most user ids in the explicit audience of one draft.
pub const AUDIENCE_USERS_MAX: usize = 10_000;
/// Most users of one folder or group to whom an event is posted one by one; to more it is posted under a list.
pub const AUDIENCE_POSTED_MAX: usize = 50;
/// How long it is remembered when somebody belonged to a list they left, in seconds: as long as the longest user feed.
pub const LIST_SPANS_KEPT_S: u32 = 63 * 86_400;
/// Most folders above an item that are looked at.
pub const FOLDER_DEPTH_MAX: usize = 256;
/// Most files and folders whose place is remembered. Folders that are shared or synced are known beyond it.
pub const TREE_ITEMS_MAX: usize = 8_000_000;
/// Largest body of any other request, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Largest directory that is imported at once, in bytes.
pub const ROSTER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most changes of a directory that are recorded together, all or none; more go one portion after the other.
pub const CHANGES_AT_ONCE_MAX: usize = 4_000;
/// Most entries on a page; a larger `limit` is lowered to it (protocol, section 4).
pub const PAGE_ENTRIES_MAX: usize = 500;
/// Entries on a page when no `limit` is given (protocol, section 4).
pub const PAGE_ENTRIES_DEFAULT: usize = 100;
/// Most entries one read looks at before it answers a short page with its position moved on.
pub const SCAN_ENTRIES_MAX: usize = 1_000_000;
/// How often one read scans anew because its reader's lists changed meanwhile.
pub const SCAN_ATTEMPTS_MAX: usize = 8;
/// Most values of one kind (actors, items, folders, …) in the filters of a search or a report.
pub const SEARCH_VALUES_MAX: usize = 100;
/// Longest text looked for, in bytes.
pub const SEARCH_TEXT_BYTES_MAX: usize = 200;
/// Most entries of indexes one page of a search looks at before it answers short, with its cursor moved on.
pub const SEARCH_LOOKED_MAX: usize = 100_000;
/// A page of a search that looks for a text answers short when it has read so many bytes of renderings.
pub const SEARCH_READ_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A page of a search ends when its renderings have so many bytes.
pub const SEARCH_PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most entries of indexes a count looks at before it says from when on it counted.
pub const COUNT_LOOKED_MAX: usize = 500_000;
/// Most buckets of a histogram.
pub const HISTOGRAM_BUCKETS_MAX: usize = 400;
/// How many of the newest matches the top types, actors and items of a summary are counted in.
pub const SUMMARY_SAMPLE_MAX: usize = 2_000;
/// Most rows of each top list of a summary.
pub const SUMMARY_ROWS_MAX: usize = 10;
/// Most pages of the history that are read to find out when up to [`SEARCH_VALUES_MAX`] people were last active.
pub const LAST_ACTIVE_PAGES_MAX: usize = 40;
/// Most reports of an enterprise, finished or not.
pub const REPORTS_MAX: usize = 200;
/// Most scheduled reports of an enterprise.
pub const REPORT_SCHEDULES_MAX: usize = 100;
/// Most reports being made at a time.
pub const REPORTS_RUNNING_MAX: usize = 2;
/// A part of a report ends at so many events, or at fewer if they are asked for,
pub const REPORT_PART_ROWS_MAX: u64 = 500_000;
/// but not at fewer than these: what is kept of a report grows with its parts.
pub const REPORT_PART_ROWS_MIN: u64 = 10_000;
/// A part of a report ends at so many bytes, too, if they come first. What is made after the last whole part is made again after a crash.
pub const REPORT_PART_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most days for which a finished report is kept.
pub const REPORT_KEPT_DAYS_MAX: u32 = 365;
/// Longest name of a report, in characters.
pub const REPORT_NAME_CHARS_MAX: usize = 100;
/// Most event types in one filter.
pub const FILTER_TYPES_MAX: usize = 1_000;
/// How far `created_at` may lie after recording, in seconds; beyond it a draft is refused (design, section 4).
pub const CREATED_AHEAD_S_MAX: u32 = 300;
/// Largest settling delay that may be configured, in seconds.
pub const SETTLING_DELAY_S_MAX: u32 = 300;
/// Settling delay of history order unless configured, in seconds.
pub const SETTLING_DELAY_S_DEFAULT: u32 = 5;
/// Longest hold of a long poll, in seconds: under the 60 s read timeouts of clients (protocol, section 9).
pub const LONG_POLL_S_MAX: u32 = 50;
/// Most connections at a time; more wait until one ends. Most of them wait in long polls, at about 16 KiB each; the
/// open files that the system allows are the nearer bound on most machines.
pub const CONNECTIONS_MAX: usize = 50_000;
/// Most connections from one address that is no configured proxy (of IPv6, from one /64); more are closed.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 5_000;
/// Largest head of a request, in bytes.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most headers of a request.
pub const HEADERS_MAX: usize = 100;
/// Largest file with a certificate or its key, in bytes.
pub const TLS_FILE_BYTES_MAX: usize = 1024 * 1024;
/// Most long polls under way with one token; more are told to come back.
pub const LONG_POLLS_PER_TOKEN_MAX: usize = 100;
/// Most channels whose last signalled position is remembered for polls that send none.
pub const CHANNELS_REMEMBERED_MAX: usize = 100_000;
/// Most connections of one process to a database.
pub const DATABASE_CONNECTIONS_MAX: u32 = 1_000;
/// Longest time a statement may take in a database, in seconds, unless it is set.
pub const DATABASE_TIMEOUT_S_DEFAULT: u32 = 30;
/// Most that this may be set to, in seconds.
pub const DATABASE_TIMEOUT_S_MAX: u32 = 3_600;
/// Longest wait of whoever asks whether the server is ready, in seconds.
pub const READY_S_MAX: u32 = 3;
/// A clock that is off by more than so many seconds is spoken of.
pub const CLOCK_OFF_S_MAX: u32 = 5;
/// Most publishes waiting for the commit point.
pub const COMMIT_QUEUE_MAX: usize = 1_024;
/// Most secrets an application has at a time: the newest, and those that run on for a while.
pub const CLIENT_SECRETS_MAX: usize = 4;
/// Most public keys of an application.
pub const CLIENT_KEYS_MAX: usize = 16;
/// Most places an application may send people back to, and most users it may be listed to act for.
pub const CLIENT_LIST_MAX: usize = 100;
/// Most applications of an enterprise.
pub const APPLICATIONS_MAX: usize = LIST_ROWS_MAX;
/// Longest overlap of an old client secret with a new one, in seconds.
pub const SECRET_OVERLAP_S_MAX: u32 = 30 * 86_400;
/// Longest assertion, in bytes.
pub const ASSERTION_BYTES_MAX: usize = 16 * 1024;
/// How far ahead an assertion may end, in seconds (protocol, section 15).
pub const ASSERTION_AHEAD_S_MAX: u32 = 60;
/// For how long reads of the audit log by one reader are told of in one event, in seconds.
pub const AUDITED_READS_S: u32 = 3_600;
/// Most readers whose reads are counted at a time.
pub const AUDITED_READERS_MAX: usize = 10_000;
/// Most keys of an identity provider that are looked at.
pub const PROVIDER_KEYS_MAX: usize = 64;
/// Shortest modulus of a provider's RSA key, in bytes.
pub const PROVIDER_KEY_BYTES_MIN: usize = 256;
/// Largest answer of an identity provider, in bytes.
pub const PROVIDER_ANSWER_BYTES_MAX: u64 = 512 * 1024;
/// How long a provider is not asked again for its keys, in seconds, whoever sends tokens with unknown ones.
pub const PROVIDER_ASKED_AGAIN_S: u32 = 10;
/// For how long a provider's keys are believed without asking again, in seconds.
pub const KEYS_FRESH_S: u32 = 3_600;
/// For how long they are believed while the provider is away, in seconds.
pub const KEYS_KEPT_S: u32 = 86_400;
/// Most tokens of a provider of which is remembered what was found out.
pub const PROVIDER_TOKENS_REMEMBERED_MAX: usize = 10_000;
/// How far a client's clock may be off, in seconds.
pub const CLOCK_SKEW_S_MAX: u32 = 30;
/// Life of an authorization code, in seconds (protocol, section 15).
pub const CODE_LIFETIME_S: u32 = 30;
/// Life of a refresh token, in seconds (protocol, section 15).
pub const REFRESH_LIFETIME_S: u32 = 60 * 86_400;
/// Life of a one-time sign-in code, in seconds.
pub const SIGN_IN_LIFETIME_S: u32 = 86_400;
/// Life of an access token unless configured, in seconds.
pub const TOKEN_LIFETIME_S_DEFAULT: u32 = 3_600;
/// Longest life of an access token that may be configured, in seconds.
pub const TOKEN_LIFETIME_S_MAX: u32 = 86_400;
/// A console session ends when nobody asked for anything for so long, in seconds.
pub const SESSION_IDLE_S_MAX: u32 = 3_600;
/// A console session ends so long after signing in, in seconds, however busy it is.
pub const SESSION_LIFETIME_S_MAX: u32 = 12 * 3_600;
/// How old the time of the last request of a session may be before it is written anew, in seconds.
pub const SESSION_SEEN_STEP_S: u32 = 60;
/// Most console sessions of a user; another one ends the oldest.
pub const SESSIONS_PER_USER_MAX: usize = 20;
/// Most live views that one console session watches at a time.
pub const LIVE_VIEWS_PER_SESSION_MAX: usize = 8;
/// Most live views that are watched at a time, by everybody.
pub const LIVE_VIEWS_MAX: usize = 1_000;
/// Most events in one message of a live view, and most that it begins with.
pub const LIVE_ENTRIES_MAX: usize = 100;
/// How long a live view is silent at most, in seconds: proxies and browsers give up silent connections.
pub const LIVE_SILENCE_S_MAX: u32 = 15;
/// Most pages that are read to find the newest entries of a feed.
pub const RECENT_PAGES_MAX: usize = 20;
/// Largest form that the OAuth calls and the console read, in bytes.
pub const FORM_BYTES_MAX: usize = 64 * 1024;
/// Most addresses whose failed sign-ins are counted in a minute.
pub const SIGN_IN_ADDRESSES_MAX: usize = 10_000;
/// Most failed sign-ins in a minute: at one client from one address, and recorded of one client.
pub const SIGN_IN_FAILURES_PER_MINUTE: u32 = 30;
/// Most legal holds that are kept of an enterprise, those that ended included; of these the oldest make room.
pub const HOLDS_MAX: usize = 1_000;
/// Most stretches of time (partitions) that a forecast of the sweep looks at.
pub const FORECAST_STRETCHES_MAX: usize = 4_000;
/// Most rows in one answer of an administrative list.
pub const LIST_ROWS_MAX: usize = 1_000;

// A change is about 1 KB: a portion of them is a publish.
const _: () = assert!(CHANGES_AT_ONCE_MAX <= PUBLISH_DRAFTS_MAX && CHANGES_AT_ONCE_MAX * 4_096 <= PUBLISH_BYTES_MAX);
// Whoever takes all they may leaves places for others.
const _: () = assert!(2 * CONNECTIONS_PER_ADDRESS_MAX <= CONNECTIONS_MAX);
const _: () = assert!(PAGE_ENTRIES_DEFAULT <= PAGE_ENTRIES_MAX);
const _: () = assert!(EVENT_BYTES_MAX <= PUBLISH_BYTES_MAX);
// The largest page stays well under what clients and proxies take in one answer.
const _: () = assert!(PAGE_ENTRIES_MAX * EVENT_BYTES_MAX <= 32 * 1024 * 1024);
const _: () = assert!(PAGE_ENTRIES_MAX <= SCAN_ENTRIES_MAX);
const _: () = assert!(LIVE_ENTRIES_MAX <= PAGE_ENTRIES_MAX);
