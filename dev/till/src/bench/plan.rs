//! Which rows are measured.

/// How long a row of `--quick` takes.
pub const QUICK_SECONDS: f64 = 0.5;

/// What a shop is asked; each at every number of connections.
const SCENARIOS: [&str; 17] = [
    "live",
    "create-cart",
    "add",
    "add-session",
    "get-cart",
    "totals",
    "totals-large",
    "validate",
    "try-code",
    "price",
    "stock",
    "begin",
    "confirm",
    "get-order",
    "replay",
    "exchange-hs256",
    "exchange-es256",
];

/// A shopper, a few, and many.
const CONNECTIONS: [u32; 3] = [1, 16, 128];

/// Buyers who confirm at once: each holds stock, a lease and a provider's answer meanwhile.
const BUYERS: [u32; 4] = [1, 16, 64, 256];

/// A crowd: nobody may be turned away.
const CROWDS: [&str; 3] = ["create-cart@1000", "add@1000", "totals@500"];

/// Open loop, at the rates the requirements ask for.
const ARRIVALS: [&str; 4] = ["add@200/s", "get-cart@500/s", "totals@200/s", "confirm@25/s"];

/// What the bare component does as well, and under which names. On SQLite, where its statements are
/// written for.
const BARE: [(&str, &[&str]); 3] = [
    ("add", &["bare-add", "same-add"]),
    ("get-cart", &["bare-get-cart", "same-get-cart"]),
    ("confirm", &["bare-confirm"]),
];

/// What of a row is the simulator's own time, on either database.
const OUTSIDE: (&str, &str) = ("confirm", "bare-provider");

/// The rows of a run, as `tests/load` takes them: each beside its bare component's, so that both
/// see the same machine.
pub fn rows(quick: bool, postgres: bool) -> Vec<String> {
    let connections: &[u32] = if quick { &CONNECTIONS[..1] } else { &CONNECTIONS };
    // Of a brief run confirms alone meet one another.
    let buyers: &[u32] = if quick { &BUYERS[..2] } else { &BUYERS };
    let mut rows = Vec::new();
    for scenario in SCENARIOS {
        let connections = if scenario == OUTSIDE.0 { buyers } else { connections };
        let bare = BARE
            .iter()
            .find(|(of, _)| *of == scenario && !postgres)
            .map_or(&[][..], |(_, bare)| bare);
        for connections in connections {
            rows.push(format!("{scenario}@{connections}"));
            rows.extend(bare.iter().map(|bare| format!("{bare}@{connections}")));
            if scenario == OUTSIDE.0 {
                rows.push(format!("{}@{connections}", OUTSIDE.1));
            }
        }
    }
    // Last, since it changes the shop.
    let promoted = |connections: &u32| format!("totals-promoted@{connections}");
    if quick {
        rows.push("add@20/s".to_owned());
    } else {
        rows.extend(CROWDS.iter().chain(&ARRIVALS).map(|row| (*row).to_owned()));
    }
    rows.extend(connections.iter().map(promoted));
    rows
}
