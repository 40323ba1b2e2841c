//! The components, each once, with what each may use. Deny by default: a component reads, opens and
//! reaches what the groups in its row give it, and nothing else. Which paths it serves is in the
//! table of endpoints.

use crate::{VARIABLES, Variable, WORKERS, form::Form};

/// Something that components do, and so what they must be given. A variable names the groups that
/// read it, a component the groups it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Opens the shop's database.
    Database,
    /// Knows shoppers: customers by their sessions, guests and who holds a share by tokens that
    /// were issued here.
    Shoppers,
    /// Knows services by their tokens.
    Services,
    /// Reads bodies.
    Bodies,
    /// Is called by browsers, from pages of other origins too.
    Browsers,
    /// Reads bulk imports, whose bodies may be longer.
    Imports,
    /// Answers replays.
    Replays,
    /// Opens carts.
    NewCarts,
    /// Adds lines to carts.
    CartLines,
    /// Changes quantities.
    CartQuantities,
    /// Says how long carts live.
    CartTimes,
    /// Gives back, or forgets, lines of carts whose time is over.
    CartRecovery,
    /// Deletes what nothing needs any more.
    Retention,
    /// Shares carts.
    CartShares,
    /// Begins checkouts.
    Checkouts,
    /// Prices carts.
    Promotions,
    /// Knows buyers again by their e-mail.
    Buyers,
    /// Shows quotes and how old they are.
    Quotes,
    /// Compares what the buyer agreed to with what it costs now.
    Agreements,
    /// Drives sagas.
    Saga,
    /// Calls the payment provider.
    Payment,
    /// Is called by it.
    Webhooks,
    /// Seals and opens personal data.
    Personal,
    /// Verifies customers' own tokens and gives sessions for them.
    Identity,
    /// Cancels orders.
    Cancels,
    /// Says that orders have arrived.
    Deliveries,
    /// Takes goods back.
    Returns,
    /// Sends events.
    Sink,
    /// Sends events to receivers that are rows.
    Receivers,
    /// Takes in events of other programs.
    Told,
    /// Takes up rows, as most workers do.
    Worker,
    /// Is run, by a schedule or over HTTP.
    Runs,
    /// Looks for what must not be.
    Audit,
    /// Asks everything whether it is there.
    Health,
    /// Shows all variables.
    Everything,
}

/// A component, but for its paths.
#[derive(Clone, Copy, Debug)]
pub struct Component {
    /// Its name: crate, wasm file, and with the first `-` as `/` its folder under `functions/`.
    pub id: &'static str,
    /// What it does.
    pub groups: &'static [Group],
    /// A folder beside its own and `shared` that it is built from.
    pub built_from: Option<&'static str>,
}

/// What a component is given.
#[derive(Debug)]
pub struct Needs {
    /// Its variables.
    pub variables: Vec<&'static str>,
    /// The variables with the hosts it may reach.
    pub hosts: Vec<&'static str>,
    /// Whether it has the key-value store.
    pub key_values: bool,
    /// Whether it has the shop's SQLite file.
    pub sqlite: bool,
}

const fn component(id: &'static str, groups: &'static [Group]) -> Component {
    Component { id, groups, built_from: None }
}

use Group::{
    Agreements, Bodies, Browsers, Buyers, Cancels, CartLines, CartQuantities, CartRecovery,
    CartShares, CartTimes, Checkouts, Database, Deliveries, Everything, Health, Identity, Imports,
    NewCarts, Payment, Personal, Promotions, Quotes, Receivers, Replays, Returns, Saga, Services,
    Shoppers, Told, Webhooks,
};

/// Every component that is no worker: those are in [`WORKERS`].
pub const COMPONENTS: &[Component] = &[
    component(
        "cart-current",
        &[
            Database,
            Shoppers,
            Bodies,
            Browsers,
            Replays,
            NewCarts,
            CartQuantities,
            CartTimes,
            CartRecovery,
        ],
    ),
    component("cart-items", &[Database, Shoppers, Bodies, Browsers, Replays, CartLines, CartTimes]),
    component(
        "cart-line",
        &[Database, Shoppers, Bodies, Browsers, Replays, CartQuantities, CartTimes],
    ),
    component("cart-attributes", &[Database, Shoppers, Bodies, Browsers, Replays, CartTimes]),
    component("cart-currency", &[Database, Shoppers, Bodies, Browsers, Replays, CartTimes]),
    component("cart-totals", &[Database, Shoppers, Bodies, Browsers, Promotions]),
    component("cart-validate", &[Database, Shoppers, Bodies, Browsers, Promotions]),
    component("cart-shipping-methods", &[Database, Shoppers, Bodies, Browsers, Promotions]),
    component(
        "cart-codes",
        &[Database, Shoppers, Bodies, Browsers, Replays, CartTimes, Promotions],
    ),
    component("cart-code", &[Database, Shoppers, Bodies, Browsers, Replays, CartTimes]),
    component("cart-suggestions", &[Database, Shoppers, Bodies, Browsers, Promotions]),
    component("cart-shares", &[Database, Shoppers, Bodies, Browsers, CartShares]),
    component("cart-share-by-id", &[Database, Shoppers, Bodies, Browsers, Replays]),
    component(
        "checkout-sessions",
        &[
            Database, Shoppers, Bodies, Browsers, Replays, CartTimes, Checkouts, Personal,
            Promotions, Buyers,
        ],
    ),
    component("checkout-session-by-id", &[Database, Shoppers, Bodies, Browsers, Quotes]),
    component(
        "checkout-confirm",
        &[Database, Shoppers, Bodies, Browsers, Replays, Agreements, Saga, Payment, Promotions],
    ),
    component("checkout-fraud", &[Database, Services, Bodies, Replays]),
    component("checkout-webhooks", &[Database, Bodies, Saga, Payment, Webhooks]),
    component(
        "order-orders",
        &[
            Database, Shoppers, Services, Bodies, Browsers, Replays, CartLines, Checkouts,
            Personal, Agreements, Saga, Payment, Promotions, Buyers,
        ],
    ),
    component("order-by-id", &[Database, Shoppers, Services, Bodies, Browsers, Personal]),
    component("order-by-number", &[Database, Shoppers, Services, Bodies, Browsers, Personal]),
    component("order-reports", &[Database, Services, Bodies]),
    component("order-status-history", &[Database, Shoppers, Services, Bodies, Browsers]),
    component("order-capture", &[Database, Services, Bodies, Replays, Saga, Payment]),
    component("order-review", &[Database, Services, Bodies, Replays, Saga, Payment]),
    component("order-status", &[Database, Services, Bodies, Replays, Saga, Payment]),
    component("order-refunds", &[Database, Services, Bodies, Replays, Payment]),
    component("order-returns", &[Database, Shoppers, Services, Bodies, Browsers, Replays, Returns]),
    component("order-collect", &[Database, Services, Bodies, Replays]),
    component(
        "order-cancel",
        &[Database, Shoppers, Services, Bodies, Browsers, Replays, Payment, Cancels, Deliveries],
    ),
    component("catalog-skus", &[Database, Services, Bodies, Imports, Replays]),
    component("catalog-tables", &[Database, Services, Bodies, Imports, Replays]),
    component("promotion-rules", &[Database, Services, Bodies, Replays]),
    component("promotion-rewards", &[Database, Services, Bodies, Replays]),
    component("event-receivers", &[Database, Services, Bodies, Replays, Receivers, Personal]),
    component("event-inbox", &[Database, Services, Bodies, Told]),
    component("ops-health", &[Database, Services, Health]),
    component("ops-migrate", &[Database, Services, Bodies]),
    component("ops-config", &[Database, Everything]),
    component("ops-operations", &[Database, Services, Bodies, Replays]),
    Component { built_from: Some("docs"), ..component("ops-openapi", &[Bodies, Browsers]) },
    component(
        "account-session",
        &[Database, Bodies, Browsers, Replays, CartLines, CartTimes, CartRecovery, Identity],
    ),
    component("account-customers", &[Database, Services, Bodies, Replays, Personal]),
    component(
        "account-stored-value",
        &[Database, Shoppers, Services, Bodies, Browsers, Replays, Personal],
    ),
    component("account-payment-methods", &[Database, Shoppers, Browsers, Payment]),
    component("account-rewards", &[Database, Shoppers, Bodies, Browsers]),
];

impl Component {
    /// The row of the component `id`, a worker's too.
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        let worker = || {
            WORKERS
                .iter()
                .find(|worker| worker.component == id)
                .map(|worker| component(worker.component, worker.groups))
        };
        COMPONENTS.iter().find(|component| component.id == id).copied().or_else(worker)
    }

    /// What its row gives it, in the order of the variables.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let read =
            |variable: &&Variable| variable.readers.iter().any(|group| self.groups.contains(group));
        let shown = |variable: &&Variable| {
            variable.form != Form::Host && (read(variable) || self.groups.contains(&Everything))
        };
        Needs {
            variables: VARIABLES.iter().filter(shown).map(|variable| variable.name).collect(),
            hosts: VARIABLES
                .iter()
                .filter(|variable| variable.form.is_host() && read(variable))
                .map(|variable| variable.name)
                .collect(),
            key_values: self.groups.iter().any(|group| group.keeps_key_values()),
            sqlite: self.groups.contains(&Database),
        }
    }
}

impl Group {
    /// Whether it keeps something in the key-value store: a breaker's state, a lease, keys, a
    /// reply.
    const fn keeps_key_values(self) -> bool {
        matches!(
            self,
            Self::Payment | Self::Identity | Self::Sink | Self::Worker | Self::Audit | Self::Health
        )
    }
}
