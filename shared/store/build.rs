//! Turns `sql/<dialect>/…/*.sql` into the constants of `store::sql`.
//!
//! The files are written to be read: comments, `@fragment` for what several share, `:name` for the field
//! `name` of the one JSON parameter, `now_ms()` for the database's clock. What travels is the same
//! statement with all of that expanded and every comment gone.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// SQLite's `now_ms()`: its own clock plus the offset that only tests move.
const SQLITE_NOW: &str = "(cast(unixepoch('subsec') * 1000 as integer) + (select offset_ms from clock))";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=sql");
    let root = PathBuf::from("sql/sqlite");
    let fragments = read_folder(&root.join("fragments"))?;
    let mut out = String::new();
    let (mut commands, mut statements) = (Vec::new(), Vec::new());
    for (name, source) in read_folder(&root.join("commands"))? {
        commands.push(format!("&{}", name.to_uppercase()));
        let (doc, text) = split_doc(&source);
        let text = expand(&text, &fragments, &name)?;
        let (effects, receipt) = text.split_once("\nreturning\n").ok_or_else(|| format!("command {name}: no line `returning`"))?;
        let in_trigger = |text: &str| parameters(text, "new.doc");
        let effects = effects.replace(":receipt", &format!("({})", receipt.trim()));
        let create = squeeze(&format!(
            "create temp trigger if not exists {name} instead of insert on command when new.name = '{name}' begin {} end",
            in_trigger(&effects)
        ));
        let fire =
            squeeze(&format!("insert into command (name, doc) values ('{name}', ?1) returning {}", parameters(receipt, "command.doc")));
        constant(
            &mut out,
            &name,
            &doc,
            &format!("Command {{ name: {name:?}, sqlite: CommandText {{ create: {create:?}, fire: {fire:?} }} }}"),
            "Command",
        )?;
    }
    for folder in ["statements", "queries"] {
        for (name, source) in read_folder(&root.join(folder))? {
            statements.push(format!("&{}", name.to_uppercase()));
            let (doc, text) = split_doc(&source);
            let text = squeeze(&parameters(&expand(&text, &fragments, &name)?, "?1"));
            constant(&mut out, &name, &doc, &format!("Statement {{ name: {name:?}, sqlite: {text:?} }}"), "Statement")?;
        }
    }
    writeln!(out, "/// Every command, for the suite that runs them all.\npub const COMMANDS: &[&Command] = &[{}];", commands.join(", "))?;
    writeln!(out, "/// Every statement, likewise.\npub const STATEMENTS: &[&Statement] = &[{}];", statements.join(", "))?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("sql.rs"), out)?;
    Ok(())
}

/// Every `.sql` file of a folder, by name.
fn read_folder(folder: &Path) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a file without a name")?;
        files.insert(name.to_owned(), fs::read_to_string(&path)?);
    }
    Ok(files)
}

/// The leading comment becomes the constant's documentation; every other comment is dropped.
fn split_doc(source: &str) -> (String, String) {
    let doc = source.lines().map_while(|line| line.strip_prefix("-- ")).collect::<Vec<_>>().join("\n");
    (doc, without_comments(source))
}

fn without_comments(source: &str) -> String {
    source.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n")
}

/// Replaces each `@fragment` by its text, fragments within fragments too.
fn expand(text: &str, fragments: &BTreeMap<String, String>, name: &str) -> Result<String, Box<dyn Error>> {
    let mut text = text.to_owned();
    for _ in 0..8 {
        let Some(at) = text.find('@') else { return Ok(text) };
        let word: String = text[at + 1..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        let fragment = fragments.get(&word).ok_or_else(|| format!("{name}: no fragment {word}"))?;
        let fragment = without_comments(fragment);
        text = text.replace(&format!("@{word}"), fragment.trim());
    }
    if text.contains('@') { Err(format!("{name}: fragments nested too deeply").into()) } else { Ok(text) }
}

/// `:name` → `(doc ->> 'name')`, `now_ms()` → the clock. A `:` in quotes is text.
fn parameters(text: &str, doc: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '\'' {
            quoted = !quoted;
        }
        if c == ':' && !quoted && rest.starts_with(|c: char| c.is_ascii_lowercase()) {
            let word: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            rest = &rest[word.len()..];
            out.push_str(&format!("({doc} ->> '{word}')"));
        } else {
            out.push(c);
        }
    }
    out.replace("now_ms()", SQLITE_NOW)
}

/// One line, single spaces; quoted text has none to lose.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn constant(out: &mut String, name: &str, doc: &str, value: &str, kind: &str) -> Result<(), Box<dyn Error>> {
    for line in doc.lines() {
        writeln!(out, "/// {}", line.replace('[', "\\[").replace(']', "\\]"))?;
    }
    writeln!(out, "pub const {}: {kind} = {value};", name.to_uppercase())?;
    Ok(())
}
