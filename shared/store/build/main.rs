//! Turns `sql/` into the constants of `store::sql`.
//!
//! The files are written to be read: comments, `@fragment` for what several share, `:name` for the
//! field `name` of the one JSON parameter, `now_ms()` for the database's clock. What travels is the
//! same statement with all of that expanded and every comment gone.
//!
//! Queries and statements are written once (`sql/{queries,statements,fragments}`, in the words of
//! [`spell`]). Commands, and the few statements that lock before they look, are a pair
//! (`sql/{sqlite,postgres}/…`). On PostgreSQL a file that creates a function is installed with the
//! schema, as it is written, and only its call travels. A statement of a SQLite command behind `--
//! only with <field>` stays at home when the document has no such field, since without it it would
//! do nothing.

mod command;
mod spell;

use spell::{Dialect, Fragment, Fragments, Result, lines_of, spell};
use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// SQLite's `now_ms()`: its own clock plus the offset that only tests move.
const SQLITE_NOW: &str =
    "(cast(unixepoch('subsec') * 1000 as integer) + (select offset_ms from clock))";

/// The head of all functions as one script. They refer to one another, so their bodies are judged
/// when they run.
const FUNCTIONS_HEAD: &str =
    "-- Every function of the PostgreSQL store, made of sql/postgres and sql/fragments by build/main.rs: after the baseline, at every upgrade.
-- `cargo run --profile host -p store --bin functions` prints it.

begin;
select pg_advisory_xact_lock(hashtext('edgetill schema'));
set local check_function_bodies = off;
";

/// Stands for `-- only with <field>` while a file becomes a statement.
const MARK: char = '\u{1}';

type Files = BTreeMap<String, String>;

fn main() -> Result<()> {
    println!("cargo:rerun-if-changed=sql");
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=build");
    let (sqlite, postgres) = (PathBuf::from("sql/sqlite"), PathBuf::from("sql/postgres"));
    let shared = read_folder(Path::new("sql/fragments"))?;
    let shared: Fragments = shared
        .iter()
        .map(|(name, source)| Ok((name.clone(), Fragment::read(name, source)?)))
        .collect::<Result<_>>()?;
    let fragments = read_folder(&sqlite.join("fragments"))?;
    let mut functions = vec![FUNCTIONS_HEAD.to_owned()];
    functions.extend(read_folder(&postgres.join("functions"))?.into_values());
    for fragment in shared.values() {
        functions.push(fragment.function(&shared)?);
    }
    let mut out = String::new();
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for folder in ["statements", "queries"] {
        for (name, source) in read_folder(&Path::new("sql").join(folder))? {
            let (doc, _) = split_doc(&source);
            let text =
                |dialect| spell(&without_comments(&lines_of(&source, dialect)), dialect, &shared);
            let of_postgres = spell::typed(&name, &source, "$1::text::jsonb");
            let sqlite = squeeze(&sqlite_text(&text(Dialect::Sqlite)?, "?1"));
            let postgres =
                never_empty(&squeeze(&inputs_as(&text(Dialect::Postgres)?, of_postgres)?));
            let value = format!(
                "Statement {{ name: {name:?}, sqlite: {sqlite:?}, postgres: {postgres:?} }}"
            );
            constant(&mut out, &name, &doc, &value, "Statement")?;
            names.entry("Statement").or_default().push(format!("&{}", name.to_uppercase()));
        }
    }
    // What a fragment of SQLite's commands is on PostgreSQL.
    let calls: BTreeMap<String, String> = fragments
        .iter()
        .filter_map(|(name, source)| {
            Some((
                name.clone(),
                source.lines().find_map(|line| line.strip_prefix("-- postgres: "))?.to_owned(),
            ))
        })
        .collect();
    // Those of SQLite's commands that take arguments.
    let mut of_sqlite: Fragments = BTreeMap::new();
    for (name, source) in fragments.iter().filter(|(_, source)| source.contains("-- function: ")) {
        of_sqlite.insert(name.clone(), Fragment::read(name, &expand(source, &fragments, name)?)?);
    }
    of_sqlite.extend(shared.iter().map(|(name, fragment)| (name.clone(), fragment.clone())));
    for (name, source) in read_folder(Path::new("sql/commands"))? {
        functions.push(command::of_postgres(
            &name,
            &source,
            &shared,
            &calls,
            spell::typed(&name, &source, "doc"),
        )?);
        let (doc, _) = split_doc(&source);
        let text = with_marks(&command::of_sqlite(&source));
        let sqlite = command(
            &name,
            &spell(&expand(&text, &fragments, &name)?, Dialect::Sqlite, &of_sqlite)?,
        )?;
        let postgres = format!("select {name}($1::text::jsonb)::text");
        let value =
            format!("Command {{ name: {name:?}, sqlite: {sqlite}, postgres: {postgres:?} }}");
        constant(&mut out, &name, &doc, &value, "Command")?;
        names.entry("Command").or_default().push(format!("&{}", name.to_uppercase()));
    }
    for (folder, kind) in [("commands", "Command"), ("statements", "Statement")] {
        let (here, mut there) =
            (read_folder(&sqlite.join(folder))?, read_folder(&postgres.join(folder))?);
        for (name, source) in here {
            let postgres = there
                .remove(&name)
                .ok_or_else(|| format!("{folder}/{name}: no PostgreSQL form"))?;
            if !without_comments(&postgres).starts_with("create or replace function") {
                return Err(format!("{folder}/{name}: what is no function is written once").into());
            }
            functions.push(postgres);
            let postgres = format!("select {name}($1::text::jsonb)");
            // A command answers its one receipt.
            let postgres = if kind == "Command" {
                format!("{postgres}::text")
            } else {
                never_empty(&postgres)
            };
            let (doc, text) = split_doc(&source);
            let text = spell(&expand(&text, &fragments, &name)?, Dialect::Sqlite, &of_sqlite)?;
            let sqlite = if kind == "Command" {
                command(&name, &text)?
            } else {
                format!("{:?}", squeeze(&sqlite_text(&text, "?1")))
            };
            let value =
                format!("{kind} {{ name: {name:?}, sqlite: {sqlite}, postgres: {postgres:?} }}");
            constant(&mut out, &name, &doc, &value, kind)?;
            names.entry(kind).or_default().push(format!("&{}", name.to_uppercase()));
        }
        if let Some(name) = there.keys().next() {
            return Err(format!("{folder}/{name}: no SQLite form").into());
        }
    }
    for (kind, names) in names {
        writeln!(
            out,
            "/// Every {0}, for the suite that runs them all.\npub const {1}S: &[&{kind}] = &[{2}];",
            kind.to_lowercase(),
            kind.to_uppercase(),
            names.join(", ")
        )?;
    }
    let each_function: Vec<String> = functions
        .iter()
        .skip(1)
        .map(|source| without_comments(source).trim().trim_end_matches(';').to_owned())
        .collect();
    writeln!(
        out,
        "/// Every function of PostgreSQL, one statement each.\npub(crate) const EACH_FUNCTION: &[&str] = &{each_function:?};"
    )?;
    migrations(&mut out)?;
    functions.push("commit;\n".to_owned());
    writeln!(
        out,
        "/// Every function of PostgreSQL, as the script that comes after `migrations/postgres/baseline.sql`.\npub const FUNCTIONS: &str = {:?};",
        functions.join("\n")
    )?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("sql.rs"), out)?;
    Ok(())
}

/// The baseline and the upgrades, statement by statement:
/// `migrations/<dialect>/{baseline.sql,upgrades/<version>.sql}`.
fn migrations(out: &mut String) -> Result<()> {
    let folder = |dialect: &str| Path::new("migrations").join(dialect);
    let script = |sqlite: &str, postgres: &str| {
        format!(
            "Script {{ sqlite: &{:?}, postgres: &{:?} }}",
            statements(sqlite),
            statements(postgres)
        )
    };
    let baseline = |dialect| fs::read_to_string(folder(dialect).join("baseline.sql"));
    writeln!(
        out,
        "/// What an empty database is given.\npub(crate) const BASELINE: Script = {};",
        script(&baseline("sqlite")?, &baseline("postgres")?)
    )?;
    // Before the first release there are none.
    let upgrades_of = |dialect| {
        let folder = folder(dialect).join("upgrades");
        if folder.exists() { read_folder(&folder) } else { Ok(Files::new()) }
    };
    let (sqlite, mut postgres) = (upgrades_of("sqlite")?, upgrades_of("postgres")?);
    let mut upgrades = String::new();
    let newest = sqlite.len() + 1;
    for version in 2..=newest {
        let of = |files: Option<&String>| {
            files.cloned().ok_or_else(|| format!("no upgrade to version {version}"))
        };
        let script = script(
            &of(sqlite.get(&version.to_string()))?,
            &of(postgres.remove(&version.to_string()).as_ref())?,
        );
        write!(upgrades, "Upgrade {{ version: {version}, script: {script} }},")?;
    }
    if let Some(version) = postgres.keys().next() {
        return Err(format!("upgrade {version}: no SQLite form").into());
    }
    writeln!(
        out,
        "/// What leads an older database to the newest version, in order.\npub const UPGRADES: &[Upgrade] = &[{upgrades}];"
    )?;
    writeln!(
        out,
        "/// The version of the schema that these statements need.\npub const SCHEMA_VERSION: i64 = {newest};"
    )?;
    Ok(())
}

/// A script's statements, without the transaction around them and the SELECT that takes its lock:
/// whoever runs them one by one has a transaction. A statement ends with its line.
fn statements(script: &str) -> Vec<String> {
    let plain = without_comments(script);
    let of_the_transaction = ["pragma", "begin", "commit", "select"];
    plain
        .split(";\n")
        .map(|statement| squeeze(statement.trim_end_matches(';')))
        .filter(|statement| {
            !statement.is_empty()
                && !of_the_transaction.iter().any(|word| statement.starts_with(word))
        })
        .collect()
}

/// A command of SQLite: the trigger that carries its effects, and the insert that fires it and
/// answers its receipt.
fn command(name: &str, text: &str) -> Result<String> {
    let (effects, receipt) = text
        .split_once("\nreturning\n")
        .ok_or_else(|| format!("command {name}: no line `returning`"))?;
    let made = format!("({})", receipt.trim());
    let effects = inputs_as(effects, |name| {
        Result::Ok(if name == "receipt" { made.clone() } else { format!(":{name}") })
    })?;
    let (create, optional) = optional_statements(&squeeze(&format!(
        "create temp trigger if not exists {name} instead of insert on command when new.name = '{name}' begin {} end",
        sqlite_text(&effects, "new.doc")
    )))?;
    let fire = squeeze(&format!(
        "insert into command (name, doc) values ('{name}', ?1) returning {}",
        sqlite_text(receipt, "command.doc")
    ));
    Ok(format!("CommandText {{ create: {create:?}, fire: {fire:?}, optional: &[{optional}] }}"))
}

/// Takes the marks out of a trigger, and says where the statements stand that they were before.
fn optional_statements(marked: &str) -> Result<(String, String)> {
    let mut pieces = marked.split(MARK);
    let (mut text, mut optional) = (pieces.next().unwrap_or_default().to_owned(), String::new());
    for piece in pieces {
        let (field, rest) = piece.split_once(' ').ok_or("a mark without a statement")?;
        let end =
            text.len() + rest.find("; ").ok_or("a marked statement without an end")? + "; ".len();
        write!(optional, "Optional {{ needs: {field:?}, at: {}..{end} }},", text.len())?;
        text.push_str(rest);
    }
    Ok((text, optional))
}

/// `text` with a null where it would answer no row: `ports::Sql::query` says why. It may not begin
/// with a `with` that changes anything.
fn never_empty(text: &str) -> String {
    format!(
        "with answer (doc) as ({text}) select doc::text from answer union all select null where not exists (select from answer)"
    )
}

/// Every `.sql` file of a folder, by name.
fn read_folder(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name =
            path.file_stem().and_then(|stem| stem.to_str()).ok_or("a file without a name")?;
        files.insert(name.to_owned(), fs::read_to_string(&path)?);
    }
    Ok(files)
}

/// The leading comment becomes the constant's documentation; every other comment is dropped.
fn split_doc(source: &str) -> (String, String) {
    let doc =
        source.lines().map_while(|line| line.strip_prefix("-- ")).collect::<Vec<_>>().join("\n");
    (doc, with_marks(source))
}

/// Without comments but for `-- only with <field>`: the statement behind it does nothing without
/// that field of the document.
fn with_marks(source: &str) -> String {
    let marked = source.lines().map(|line| match line.trim_start().strip_prefix("-- only with ") {
        Some(field) => format!("{MARK}{field}"),
        None => line.to_owned(),
    });
    without_comments(&marked.collect::<Vec<_>>().join("\n"))
}

fn without_comments(source: &str) -> String {
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Replaces each `@fragment` by its text, fragments within fragments too.
fn expand(text: &str, fragments: &Files, name: &str) -> Result<String> {
    let mut text = text.to_owned();
    for _ in 0..8 {
        let words = text.split('@').skip(1).map(|rest| {
            let end =
                rest.find(|c: char| !(c.is_ascii_lowercase() || c == '_')).unwrap_or(rest.len());
            rest.split_at(end)
        });
        // With arguments it is one of those that both dialects share.
        let Some(word) = words
            .filter(|(_, after)| !after.starts_with('('))
            .map(|(word, _)| word.to_owned())
            .next()
        else {
            return Ok(text);
        };
        let fragment = fragments.get(&word).ok_or_else(|| format!("{name}: no fragment {word}"))?;
        let fragment = with_marks(fragment);
        text = text.replace(&format!("@{word}"), fragment.trim());
    }
    Err(format!("{name}: fragments nested too deeply").into())
}

/// SQLite's text: parameters, and the clock.
fn sqlite_text(text: &str, doc: &str) -> String {
    parameters(text, doc).replace("now_ms()", SQLITE_NOW)
}

/// `:name` → `(doc ->> 'name')`.
fn parameters(text: &str, doc: &str) -> String {
    inputs_as(text, |word| Ok::<_, std::convert::Infallible>(format!("({doc} ->> '{word}')")))
        .unwrap_or_else(|never| match never {})
}

/// Each `:name` as `spelled` has it. A `:` in quotes is text, and `::` is PostgreSQL's cast.
fn inputs_as<E>(
    text: &str,
    spelled: impl Fn(&str) -> std::result::Result<String, E>,
) -> std::result::Result<String, E> {
    let mut out = String::new();
    let mut quoted = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '\'' {
            quoted = !quoted;
        }
        if c == ':'
            && !quoted
            && !out.ends_with(':')
            && rest.starts_with(|c: char| c.is_ascii_lowercase())
        {
            let word: String =
                rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            rest = &rest[word.len()..];
            out.push_str(&spelled(&word)?);
        } else {
            out.push(c);
        }
    }
    Ok(out)
}

/// One line, single spaces; quoted text has none to lose.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn constant(out: &mut String, name: &str, doc: &str, value: &str, kind: &str) -> Result<()> {
    for line in doc.lines() {
        writeln!(out, "/// {}", line.replace('[', "\\[").replace(']', "\\]"))?;
    }
    writeln!(out, "pub const {}: {kind} = {value};", name.to_uppercase())?;
    Ok(())
}
