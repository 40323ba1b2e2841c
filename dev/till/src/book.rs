//! `cargo till prove --only book`: the guide as mdBook makes it, without a warning and without a
//! dead link.
//!
//! The guide leads out of `docs/`, to the README or a file of `deploy/`, where no book of `docs/`
//! alone could follow. So a folder under `target` gets the guide's pages and whatever they lead to,
//! each where it stands in the repository, and the book is made of that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::{cargo, run};
use crate::project::Project;

/// What makes the book, and in which version.
const VERSION: &str = "0.5.4";

/// Makes the book in `target/book`.
pub fn book(project: &Project) -> Result<()> {
    let mdbook = install(project)?;
    let (source, made) = (project.path("target/book-source"), project.path("target/book"));
    for folder in [&source, &made] {
        if folder.exists() {
            std::fs::remove_dir_all(folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
    }
    let pages = gathered(project, &source)?;
    let told = Command::new(mdbook)
        .arg("build")
        .arg(&source)
        .arg("--dest-dir")
        .arg(&made)
        .output()
        .context("mdbook cannot be run")?;
    let said = String::from_utf8_lossy(&told.stderr);
    eprint!("{said}");
    ensure!(told.status.success(), "the book cannot be made ({})", told.status);
    let warned = said.lines().find(|line| line.contains("WARN") || line.contains("ERROR"));
    ensure!(warned.is_none(), "mdBook warns of the guide: {}", warned.unwrap_or_default());
    let (followed, dead) = followed(&made)?;
    ensure!(dead.is_empty(), "dead links in the book:\n{}", dead.join("\n"));
    println!("{pages} pages, {followed} links: {}", made.join("index.html").display());
    Ok(())
}

/// The program, in `target/tools`.
fn install(project: &Project) -> Result<PathBuf> {
    let tools = project.path("target/tools");
    let program = tools.join("bin/mdbook");
    let version = Command::new(&program).arg("--version").output();
    if !version.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(VERSION)) {
        eprintln!("==> mdbook {VERSION} is missing: it is installed into {}", tools.display());
        let mut add = cargo(project);
        add.args(["install", "--quiet", "--debug", "--locked", "--root"]).arg(&tools);
        add.arg(format!("mdbook@{VERSION}"));
        run(add, "mdbook could not be installed")?;
    }
    Ok(program)
}

/// Puts the guide's pages, and what they and the pages outside of the guide lead to, into a folder,
/// with a table of contents of all of them. How many pages there are.
fn gathered(project: &Project, source: &Path) -> Result<usize> {
    let contents = read(&project.path("docs/SUMMARY.md"))?;
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    let guide: Vec<PathBuf> =
        links(&contents).into_iter().map(|page| Path::new("docs").join(page)).collect();
    let mut wanted = guide.clone();
    while let Some(file) = wanted.pop() {
        if files.contains_key(&file) || project.path(&file).is_dir() {
            continue;
        }
        let text = read(&project.path(&file))?;
        if is_page(&file) {
            let folder = file.parent().unwrap_or(Path::new(""));
            wanted.extend(links(&text).iter().filter_map(|link| beside(folder, link)));
        }
        files.insert(file, text);
    }
    let pages: Vec<&PathBuf> = files.keys().filter(|file| is_page(file)).collect();
    let outside: String = pages
        .iter()
        .filter(|page| !guide.contains(page))
        .map(|page| format!("- [{page}]({page})\n", page = page.display()))
        .collect();
    let contents = contents.replace("](", "](docs/");
    let contents = format!("{contents}\n# In the repository\n\n{outside}");
    write(&source.join("SUMMARY.md"), &contents)?;
    write(&source.join("book.toml"), &read(&project.path("docs/book.toml"))?)?;
    let count = pages.len();
    for (file, text) in &files {
        write(&source.join(file), text)?;
    }
    Ok(count)
}

fn is_page(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "md")
}

/// Where the links of a page lead, code left out.
fn links(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let outside = text.lines().filter(move |line| {
        fenced ^= line.trim_start().starts_with("```");
        !fenced
    });
    outside
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .filter(|target| !target.contains(['`', ' ']))
        .collect()
}

/// The file that a link in a page of `folder` leads to, if it leads to a file at all.
fn beside(folder: &Path, link: &str) -> Option<PathBuf> {
    let file = link.split('#').next().unwrap_or_default();
    if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
        return None;
    }
    let mut path = PathBuf::new();
    for part in folder.join(file).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(path)
}

/// Follows every link of every page that was made: how many there are, and which lead nowhere.
fn followed(made: &Path) -> Result<(usize, Vec<String>)> {
    let mut pages: BTreeMap<PathBuf, (Vec<String>, BTreeSet<String>)> = BTreeMap::new();
    let mut folders = vec![made.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)
            .with_context(|| format!("cannot list {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "html") {
                let text = read(&path)?;
                let targets = [quoted(&text, " href=\""), quoted(&text, " src=\"")].concat();
                let names = quoted(&text, " id=\"").into_iter().collect();
                let place = path.strip_prefix(made)?.to_path_buf();
                pages.insert(place, (targets, names));
            }
        }
    }
    let (mut count, mut dead) = (0_usize, Vec::new());
    for (page, (targets, names)) in &pages {
        let folder = page.parent().unwrap_or(Path::new(""));
        for target in targets.iter().filter(|target| !target.contains("://")) {
            count = count.saturating_add(1);
            let fragment = target.split_once('#').map_or("", |(_, fragment)| fragment);
            let leads = match beside(folder, target) {
                None => fragment.is_empty() || names.contains(fragment),
                Some(file) => match pages.get(&file) {
                    Some((_, there)) => fragment.is_empty() || there.contains(fragment),
                    None => made.join(&file).exists(),
                },
            };
            if !leads {
                dead.push(format!("{}: {target}", page.display()));
            }
        }
    }
    Ok((count, dead))
}

/// What stands in quotes behind every `before`.
fn quoted(text: &str, before: &str) -> Vec<String> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(value, _)| value.to_owned()))
        .collect()
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn write(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_from_where_it_stands() {
        for (link, leads) in [
            ("keys.md#to-change-a-key", Some("docs/keys.md")),
            ("../deploy/README.md", Some("deploy/README.md")),
            ("#here", None),
            ("https://example.org/a.md", None),
            ("mailto:a@example.org", None),
        ] {
            assert_eq!(beside(Path::new("docs"), link), leads.map(PathBuf::from), "{link}");
        }
    }

    #[test]
    fn what_stands_in_code_is_no_link() {
        let text = "[a](a.md) and [b](b.md#c)\n```\n[c](c.md)\n```\n`[d](`d.md) [e](e.md)";
        assert_eq!(links(text), ["a.md", "b.md#c", "e.md"]);
    }

    #[test]
    fn a_link_to_a_page_a_file_or_a_heading_that_is_not_there_is_dead() {
        let made = std::env::temp_dir().join(format!("till-book-{}", std::process::id()));
        let page = |body: &str| format!("<html><body>{body}</body></html>");
        let links = [
            "<h1 id=\"top\"><a href=\"#top\">t</a></h1>",
            "<a href=\"b/c.html#in\">c</a> <a href=\"https://example.org/\">e</a>",
            "<a href=\"gone.html\">g</a> <a href=\"b/c.html#gone\">g</a>",
            "<a href=\"#gone\">g</a> <img src=\"gone.svg\">",
        ];
        write(&made.join("a.html"), &page(&links.concat())).unwrap();
        write(&made.join("b/c.html"), &page("<p id=\"in\"><a href=\"../a.html\">a</a></p>"))
            .unwrap();
        let (count, dead) = followed(&made).unwrap();
        std::fs::remove_dir_all(&made).unwrap();
        let gone = ["gone.html", "b/c.html#gone", "#gone", "gone.svg"];
        assert_eq!((count, dead), (7, gone.map(|link| format!("a.html: {link}")).to_vec()));
    }
}
