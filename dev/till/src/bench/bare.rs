//! What the bare component (`dev/bare`) needs: a manifest that names it, and databases of its own.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::database;
use crate::project::Project;
use crate::shop::Shop;

/// The databases by label, each with the script that fills it.
const DATABASES: [(&str, &[&str]); 3] = [
    ("bare", &["dev/bare/sql/cart.sql"]),
    ("bare_confirm", &["dev/bare/sql/confirm.sql"]),
    (
        "same",
        &[
            "shared/store/migrations/sqlite/baseline.sql",
            "shared/store/migrations/sqlite/demo.sql",
            "dev/bare/sql/same.sql",
        ],
    ),
];

/// The tables that the shop's statements of an add and of a look at a cart name: all that `same`
/// keeps of the shop's schema.
const SAME_KEEPS: &str = "'cart', 'cart_code', 'cart_line', 'checkout_session', 'clock', 'customer', \
    'idempotency', 'outbox', 'price', 'reservation', 'sku', 'special_price', 'stock'";

/// Writes the manifest: development without schedules, and behind it the component; it stands two
/// folders below the root.
pub fn manifest(project: &Project) -> Result<PathBuf> {
    let read = |file: &str| {
        std::fs::read_to_string(project.path(file)).with_context(|| format!("cannot read {file}"))
    };
    project.make_manifests()?;
    let shop = read("target/development/spin.http.toml")?;
    let bare = read("dev/bare/bench.toml")?.replace("\"target/", "\"../../target/");
    let file = project.path("target/bench/spin.toml");
    std::fs::create_dir_all(project.path("target/bench"))?;
    std::fs::write(&file, format!("{shop}\n{bare}"))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// Makes the databases and ties them to their labels.
pub fn prepare(project: &Project, shop: &Shop) -> Result<()> {
    let mut config = std::fs::read_to_string(&shop.runtime_config)?;
    for (label, scripts) in DATABASES {
        let file = std::path::absolute(shop.state_dir.join(format!("{label}.db")))?;
        let database = file.to_string_lossy();
        for script in scripts {
            if script.ends_with("same.sql") {
                let drops = database::sql(project, &database, &[what_is_not_named()])?;
                database::sql(project, &database, &[drops])?;
            }
            database::sql(project, &database, &[database::file(&project.path(script))])?;
        }
        config.push_str(&format!(
            "\n[sqlite_database.{label}]\ntype = \"spin\"\npath = {:?}\n",
            file.to_string_lossy()
        ));
    }
    std::fs::write(&shop.runtime_config, config)
        .with_context(|| format!("cannot write {}", shop.runtime_config.display()))
}

/// Answers what drops all tables but those.
fn what_is_not_named() -> String {
    format!(
        "select coalesce(group_concat('drop table ' || name, '; '), '') from sqlite_schema
         where type = 'table' and name not like 'sqlite%' and name not in ({SAME_KEEPS})"
    )
}
