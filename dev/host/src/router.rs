//! Spin's routes: `/exact`, `/:segment`, `/prefix/...`; exact beats wildcard, the longer prefix
//! beats the shorter. No routing by method. The same `routefinder` crate as Spin decides.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, ensure};

use crate::manifest::{HttpTrigger, Route};

/// Public routes to component ids.
pub struct Router(routefinder::Router<Entry>);

struct Entry {
    component: String,
    route: String,
}

/// A matched request path.
pub struct Matched {
    /// The component's id.
    pub component: String,
    /// The route as the manifest writes it.
    pub route: String,
    /// What the trailing wildcard took.
    pub path_info: String,
    /// What each `:name` took.
    pub segments: Vec<(String, String)>,
}

impl Router {
    /// A router over the manifest's HTTP triggers. Of two triggers with one route the later wins,
    /// as in Spin.
    pub fn new(triggers: &[HttpTrigger]) -> Result<Self> {
        let mut routes = BTreeMap::new();
        for trigger in triggers {
            match &trigger.route {
                Route::Path(route) => {
                    if let Some(before) = routes.insert(route.clone(), trigger.component.clone()) {
                        eprintln!(
                            "till: route {route} of {before} is taken over by {}",
                            trigger.component
                        );
                    }
                }
                Route::Private { private } => {
                    ensure!(
                        private,
                        "route of {:?}: only {{ private = true }} means something",
                        trigger.component
                    );
                }
            }
        }
        let mut router = routefinder::Router::new();
        for (route, component) in routes {
            let pattern = match route.strip_suffix("/...") {
                Some(prefix) => format!("{prefix}/*"),
                None => route.clone(),
            };
            // routefinder takes it here and panics at a request.
            let before_the_end =
                pattern.split(['/', '.']).rev().skip(1).any(|part| part.starts_with('*'));
            ensure!(!before_the_end, "route {route}: `*` stands only at the end");
            router
                .add(pattern.as_str(), Entry { component, route: route.clone() })
                .map_err(|why| anyhow!("route {route}: {why}"))?;
        }
        Ok(Self(router))
    }

    /// The best match for a path.
    pub fn find(&self, path: &str) -> Option<Matched> {
        let best = self.0.best_match(path)?;
        let captures = best.captures();
        // Spin captures a trailing slash; routefinder does not.
        let path_info = match captures.wildcard() {
            None => String::new(),
            Some("") if path.ends_with('/') => "/".to_owned(),
            Some("") => String::new(),
            Some(rest) if path.ends_with('/') => format!("/{rest}/"),
            Some(rest) => format!("/{rest}"),
        };
        let segments =
            captures.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let entry = best.handler();
        Some(Matched {
            component: entry.component.clone(),
            route: entry.route.clone(),
            path_info,
            segments,
        })
    }
}

impl Matched {
    /// The match of a service-chained call, which bypasses routing.
    pub fn chained(component: &str, path: &str) -> Self {
        Self {
            component: component.to_owned(),
            route: "/...".to_owned(),
            path_info: path.to_owned(),
            segments: Vec::new(),
        }
    }

    /// The headers Spin gives the guest, in its order.
    pub fn headers(&self, full_url: String, client: std::net::SocketAddr) -> Vec<(String, String)> {
        let prefix = self.route.strip_suffix("/...").unwrap_or(&self.route);
        let mut headers = vec![
            ("spin-path-info".to_owned(), self.path_info.clone()),
            ("spin-full-url".to_owned(), full_url),
            ("spin-matched-route".to_owned(), self.route.clone()),
            ("spin-base-path".to_owned(), "/".to_owned()),
            ("spin-raw-component-route".to_owned(), self.route.clone()),
            ("spin-component-route".to_owned(), prefix.to_owned()),
            ("spin-client-addr".to_owned(), client.to_string()),
        ];
        for (name, value) in &self.segments {
            headers.push((
                format!("spin-path-match-{}", name.to_ascii_lowercase().replace('_', "-")),
                value.clone(),
            ));
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router() -> Router {
        let routes = [
            "/",
            "/cart",
            "/cart/items",
            "/cart/items/:line_id",
            "/cart/...",
            "/orders/:id/...",
            "/...",
        ];
        let trigger = |route: &&str| HttpTrigger {
            route: Route::Path(route.to_string()),
            component: route.to_string(),
        };
        Router::new(&routes.iter().map(trigger).collect::<Vec<_>>()).unwrap()
    }

    fn check(path: &str, route: &str, path_info: &str) {
        let matched = router().find(path).unwrap();
        assert_eq!(
            (matched.route.as_str(), matched.path_info.as_str()),
            (route, path_info),
            "{path}"
        );
    }

    #[test]
    fn exact_beats_segment_beats_wildcard() {
        check("/", "/", "");
        check("/cart", "/cart", "");
        check("/cart/items", "/cart/items", "");
        check("/cart/items/A", "/cart/items/:line_id", "");
        check("/cart/other/x", "/cart/...", "/other/x");
        check("/cart/other/", "/cart/...", "/other/");
        check("/orders/7/refunds", "/orders/:id/...", "/refunds");
        check("/else", "/...", "/else");
    }

    #[test]
    fn a_wildcard_before_the_end_is_refused() {
        for route in ["/*/a", "/*/...", "/*.b"] {
            let trigger =
                HttpTrigger { route: Route::Path(route.to_owned()), component: "a".to_owned() };
            assert!(Router::new(&[trigger]).is_err(), "{route}");
        }
    }

    #[test]
    fn segments_become_headers() {
        let headers = router()
            .find("/cart/items/A-1")
            .unwrap()
            .headers(String::new(), ([0, 0, 0, 0], 0).into());
        assert!(headers.contains(&("spin-path-match-line-id".to_owned(), "A-1".to_owned())));
    }

    #[test]
    fn nothing_matches_an_unknown_path_without_a_root_wildcard() {
        let trigger =
            HttpTrigger { route: Route::Path("/a".to_owned()), component: "a".to_owned() };
        assert!(Router::new(&[trigger]).unwrap().find("/b").is_none());
    }
}
