//! The log: what is told to whoever runs the shop, and to nobody else.

use json::json;

/// Writes one JSON line to standard error, in one write: lines of concurrent requests must not mix.
pub fn log(level: &str, message: &str, members: &[(&str, &str)]) {
    eprint!("{}", line(level, message, members));
}

/// One log line: `level`, `message` and the given members, as JSON.
fn line(level: &str, message: &str, members: &[(&str, &str)]) -> String {
    let mut line = json!({ "level": level, "message": message });
    if let Some(object) = line.as_object_mut() {
        for (name, value) in members {
            object.insert((*name).to_owned(), (*value).into());
        }
    }
    json::text(&line) + "\n"
}
