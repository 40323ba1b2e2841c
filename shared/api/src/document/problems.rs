//! `docs/problems.md`: every problem, made of its table.

use edge::Code;

const HEAD: &str = "# Problems

What a client can be told that is not what it asked for, as `application/problem+json` (RFC 9457). Made of `shared/problems/src/lib.rs` by
`UPDATE_OPENAPI=1 cargo test --profile host -p api`.

A program looks at `code`; `type` is `https://edgetill.dev/problems/` and the code. Rows are added; the code, status and title of one are
never changed. `detail` says what happened this time, `field` which value it is about. A change that was answered with a problem has
not happened, unless its row says otherwise.
";

/// The page.
#[must_use]
pub fn problems() -> String {
    let mut page = HEAD.to_owned();
    let mut status = 0;
    for code in Code::ALL {
        if code.status() != status {
            status = code.status();
            page.push_str(&format!("\n## {status}\n\n| code | title | what it means | what to do |\n|---|---|---|---|\n"));
        }
        page.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            code.slug(),
            code.title(),
            code.meaning(),
            code.advice()
        ));
    }
    page
}
