//! Rust code without its comments and strings: what a rule about code may look at.

/// The lines of Rust code, with comments and the insides of strings blanked out.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&now) = chars.get(at) {
        let end = match (now, chars.get(at + 1)) {
            ('/', Some('/')) => at + chars[at..].iter().take_while(|c| **c != '\n').count(),
            ('/', Some('*')) => end_of_block_comment(&chars, at),
            ('"', _) => end_of_string(&chars, at),
            ('r', Some('"' | '#')) if !follows_name(&chars, at) => end_of_raw_string(&chars, at),
            ('\'', Some('\\')) => {
                let close = chars.iter().skip(at + 3).position(|c| *c == '\'');
                close.map_or(chars.len(), |close| at + 3 + close + 1)
            }
            // A character, not a lifetime.
            ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => at + 3,
            _ => at,
        };
        if end > at {
            code.extend(chars[at..end.min(chars.len())].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            code.push(now);
            at += 1;
        }
    }
    code.lines().map(str::to_owned).collect()
}

/// Whether a line of code holds `word` and not just a longer name that ends or begins with it.
pub(crate) fn names(line: &str, word: &str) -> bool {
    let of_name = |c: char| c.is_alphanumeric() || c == '_';
    let inside = |beside: Option<char>, edge: Option<char>| beside.is_some_and(of_name) && edge.is_some_and(of_name);
    line.match_indices(word).any(|(at, _)| {
        let (before, rest) = line.split_at(at);
        let after = &rest[word.len()..];
        !inside(before.chars().next_back(), word.chars().next())
            && !inside(after.chars().next(), word.chars().next_back())
    })
}

fn follows_name(chars: &[char], at: usize) -> bool {
    // `br"…"` is a raw string too, so a single `b` before does not count.
    let before = at.checked_sub(1).map(|before| chars[before]);
    before.is_some_and(|c| (c.is_alphanumeric() || c == '_') && c != 'b')
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn end_of_string(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// The end of `r"…"`, `r#"…"#` and so on; the start itself if this is none (`r#type`).
fn end_of_raw_string(chars: &[char], start: usize) -> usize {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(start + 1 + hashes) != Some(&'"') {
        return start;
    }
    let mut at = start + 2 + hashes;
    while at < chars.len() {
        if chars[at] == '"' && chars[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    at
}

#[test]
fn comments_and_strings_are_no_code() {
    let check = |text: &str, expected: &str| {
        let seen: Vec<String> = lines(text).iter().map(|line| line.trim_end().to_owned()).collect();
        assert_eq!(seen.join("\n"), expected, "{text}");
    };
    check("a; // b\nc", "a;\nc");
    check("a /* b /* c */ d\n */ e", "a\n    e");
    check(r#"f("x // y", 'z', '\'', b"\"q") + 1"#, "f(        ,    ,     , b     ) + 1");
    check("g(r#\"a \" b\"#, r\"c\") + br##\"\"# \"## + h", "g(          ,     ) + b           + h");
    check("fn k<'a>(x: &'a str, r#type: u8) {}", "fn k<'a>(x: &'a str, r#type: u8) {}");
}

#[test]
fn a_word_is_not_part_of_another() {
    assert!(names("use axum::Router;", "axum"));
    assert!(names("let x = http::StatusCode::OK;", "http::"));
    assert!(names("crate::http::error", "http::"));
    assert!(!names("use taxum::Router;", "axum"));
    assert!(!names("use my_http::X; axum_like();", "http::"));
    assert!(!names("axum_like();", "axum"));
}
