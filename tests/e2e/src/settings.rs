//! What `cargo till test` tells the suite about the host it started.

use std::{env, path::PathBuf, sync::OnceLock};

/// Which host serves the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The project's own host, with its instruments.
    Till,
    /// A real Spin.
    Spin,
}

/// Where the shop sends its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// To the simulator, as webhooks.
    Webhook,
    /// To a Redis stream.
    Redis,
}

/// Another host of the shop: the same database, and key-values of its own.
#[derive(Debug)]
pub struct SecondHost {
    /// Base URL without a trailing slash.
    pub url: String,
    /// Its process.
    pub process: u32,
    /// The control ports of both hosts, the first's first, where they have them.
    pub controls: Vec<String>,
}

/// Where the shop is, and the secrets its operator knows.
#[derive(Debug)]
pub struct Settings {
    /// Base URL without a trailing slash.
    pub url: String,
    /// Base URL of the outside world, without a trailing slash.
    pub simulator_url: String,
    /// A second host of the same shop, if there is one.
    pub second: Option<SecondHost>,
    /// The host.
    pub host: Host,
    /// Its event sink.
    pub sink: Sink,
    /// Signs service tokens: of several the first.
    pub service_token_secret: String,
    /// Signs session tokens: of several the first.
    pub session_token_secret: String,
    /// Shared with the customers' identity provider: of several the first.
    pub customer_jwt_secret: String,
    /// Verifies events: `whsec_…`, of several the first.
    pub event_sink_secret: String,
    /// The folder with the host's files, its logs in `logs`, if the suite may look at them.
    pub state: Option<PathBuf>,
    /// Where the database's server writes its log, if it has one.
    pub database_log: Option<PathBuf>,
}

impl Settings {
    /// All keys of a variable that is a list of them, the first first.
    ///
    /// # Panics
    /// When it is not known.
    #[must_use]
    pub fn keys(variable: &str) -> Vec<String> {
        let list = required(&format!("EDGETILL_{}", variable.to_uppercase()));
        list.split([',', ' ']).filter(|key| !key.is_empty()).map(str::to_owned).collect()
    }

    /// The settings of this run.
    ///
    /// # Panics
    /// Without `EDGETILL_URL`: there is no shop to test.
    pub fn get() -> &'static Self {
        static SETTINGS: OnceLock<Settings> = OnceLock::new();
        SETTINGS.get_or_init(|| {
            let url = env::var("EDGETILL_URL").unwrap_or_else(|_| {
                panic!(
                    "EDGETILL_URL is not set: this suite needs a running shop. Run `cargo till \
                        test`, which starts one."
                )
            });
            Self {
                url: url.trim_end_matches('/').to_owned(),
                simulator_url: required("EDGETILL_SIMULATOR_URL").trim_end_matches('/').to_owned(),
                second: env::var("EDGETILL_SECOND_URL").ok().map(|url| SecondHost {
                    url,
                    process: required("EDGETILL_SECOND_PROCESS")
                        .parse()
                        .expect("EDGETILL_SECOND_PROCESS is a number"),
                    controls: env::var("EDGETILL_CONTROLS")
                        .map(|urls| urls.split(',').map(str::to_owned).collect())
                        .unwrap_or_default(),
                }),
                host: match env::var("EDGETILL_HOST").as_deref() {
                    Ok("spin") => Host::Spin,
                    Ok("till") | Err(_) => Host::Till,
                    Ok(other) => panic!("EDGETILL_HOST is {other:?}; it must be till or spin"),
                },
                sink: match env::var("EDGETILL_SINK").as_deref() {
                    Ok("redis") => Sink::Redis,
                    Ok("webhook") | Err(_) => Sink::Webhook,
                    Ok(other) => panic!("EDGETILL_SINK is {other:?}; it must be webhook or redis"),
                },
                service_token_secret: Self::keys("service_token_secret")[0].clone(),
                session_token_secret: Self::keys("session_token_secret")[0].clone(),
                customer_jwt_secret: Self::keys("customer_jwt_secret")[0].clone(),
                event_sink_secret: Self::keys("event_sink_secret")[0].clone(),
                state: env::var_os("EDGETILL_STATE").map(PathBuf::from),
                database_log: env::var_os("EDGETILL_DATABASE_LOG").map(PathBuf::from),
            }
        })
    }
}

fn required(name: &str) -> String {
    env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; run `cargo till test`, which sets it"))
}
