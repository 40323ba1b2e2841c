//! `docs/audit.md` is made of the rules: `UPDATE_DOCS=1 cargo test -p audit` writes it anew.

#![cfg(test)]

use std::{fmt::Write as _, fs, path::Path};

const HEAD: &str = "# The consistency audit

What must hold of the rows between any two commands (WRK-5). Made of `shared/audit` by its own test.

- The worker `consistency-audit` looks at `audit_batch` rows of each table per run, every 15 seconds, in turn and round again; each piece is one
  statement and so one snapshot. It changes nothing of the shop's trade.
- A violation is a row of `alert` (`audit:<rule>:<subject>`, with what was found), one more of the counter `audit_violations_total`, and a log line: each once,
  as long as the alert's row stands. Whoever has mended the cause deletes the row, so that another is told again.
- Stock is held against all its movements; their sums, as far as they have been read, are kept in `counter` under `audit/…`, which nobody else needs.
- *Late* rules look at the most overdue rows on every run: `audit_overdue_seconds` after its time; `audit_event_age_seconds` for an event, where there is a sink.
- `GET /test/audit` (development) looks at everything at once; the HTTP suite does after every test, and a finding fails the test.
- What a constraint says already is not asked again, but for money: one order per cart, one number per order, one live confirm per owner, one
  use of a key. Rules for points and coupon usage come with points and coupons, which there are none of yet.
- What a buyer agreed to is read from the saga's plan: a session's own totals may differ from it within the tolerance, or by `accept_total`.

| rule | what must hold | when broken, look at |
|---|---|---|
";

#[test]
fn the_page_says_what_the_rules_say() {
    let mut page = HEAD.to_owned();
    for rule in audit::rules() {
        writeln!(page, "| `{}` | {} | {} |", rule.code, rule.sentence, rule.look_at).unwrap();
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/audit.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap_or_default(), page, "see the head of this test");
}

#[test]
fn a_rule_names_a_walk_and_can_be_told() {
    for rule in audit::rules() {
        assert!(audit::WALKS.iter().any(|walk| walk.name == rule.walk), "{}", rule.code);
        assert!(
            rule.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{}",
            rule.code
        );
        assert!(rule.sentence.ends_with('.') && !rule.look_at.ends_with('.'), "{}", rule.code);
    }
    for walk in audit::WALKS {
        assert!(
            audit::rules().any(|rule| rule.walk == walk.name),
            "nothing looks at {}",
            walk.name
        );
    }
}
