//! What till reads: manifests, templates, names of variables, routes, allowed hosts, plans of
//! faults. A literal entry lets nobody but its own host in, a template gives back what stands in
//! it, a plan is written as it was read, a route takes what it says.
#![no_main]
#![expect(clippy::expect_used, reason = "a target says by a panic that something does not hold")]

#[path = "../../../dev/host/src/allowed_hosts.rs"]
#[expect(dead_code, reason = "till uses the rest")]
mod allowed_hosts;
#[path = "../../../dev/host/src/calls.rs"]
#[expect(dead_code, reason = "till uses the rest")]
mod calls;
#[path = "../../../dev/host/src/faults.rs"]
#[expect(dead_code, reason = "till uses the rest")]
mod faults;
#[path = "../../../dev/host/src/manifest.rs"]
#[expect(dead_code, reason = "till uses the rest")]
mod manifest;
#[path = "../../../dev/host/src/router.rs"]
#[expect(dead_code, reason = "till uses the rest")]
mod router;
#[path = "../../../dev/host/src/template.rs"]
mod template;

use allowed_hosts::{AllowedHosts, chaining_target};
use arbitrary::Arbitrary;
use faults::{Fault, Plan};
use manifest::{HttpTrigger, Manifest, Route, check_name};
use router::Router;
use template::Template;

const SHOP: &str = include_str!("../../../spin.toml");

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Manifest {
        text: &'a str,
    },
    /// The shop's own, with a piece put into it.
    Shop {
        at: u16,
        piece: &'a str,
    },
    Template {
        text: &'a str,
        name: &'a str,
    },
    Hosts {
        entry: &'a str,
        uri: &'a str,
        host: &'a str,
        port: u16,
    },
    Plans {
        text: &'a str,
    },
    Routes {
        routes: Vec<&'a str>,
        path: &'a str,
    },
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Manifest { text } => manifest(text),
        Input::Shop { at, piece } => {
            let at = usize::from(at) % SHOP.len();
            if SHOP.is_char_boundary(at) {
                manifest(&format!("{}{piece}{}", &SHOP[..at], &SHOP[at..]));
            }
        }
        Input::Template { text, name } => template(text, name),
        Input::Hosts { entry, uri, host, port } => hosts(entry, uri, host, port),
        Input::Plans { text } => plans(text),
        Input::Routes { routes, path } => routed(&routes, path),
    }
});

fn manifest(text: &str) {
    let Ok(manifest) = Manifest::parse(text, "/shop".into()) else { return };
    assert_eq!(manifest.spin_manifest_version, 2);
    let mut ids = manifest
        .http
        .iter()
        .map(|trigger| &trigger.component)
        .chain(manifest.cron.iter().map(|trigger| &trigger.component));
    assert!(ids.all(|id| manifest.components.contains_key(id)));
}

fn template(text: &str, name: &str) {
    let shown = |text: &str| {
        Template::parse(text).and_then(|template| template.resolve(|name| Ok(format!("<{name}>"))))
    };
    match shown(text) {
        Ok(shown) => assert!(text.contains("{{") || shown == text, "{shown:?} of {text:?}"),
        Err(error) => assert!(text.contains("{{"), "{text:?}: {error}"),
    }
    if check_name(name).is_ok() {
        let plain: String = text.chars().filter(|it| *it != '{').collect();
        let written = format!("{plain}{{{{ {name} }}}}{plain}");
        assert_eq!(shown(&written).expect("a template"), format!("{plain}<{name}>{plain}"));
        assert!(
            !name.is_empty()
                && !name.contains("__")
                && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
        );
    }
}

fn hosts(entry: &str, uri: &str, host: &str, port: u16) {
    let allowed = AllowedHosts::parse(&[entry.to_owned()]);
    if let (Ok(allowed), Ok(uri)) = (&allowed, uri.parse::<http::Uri>()) {
        assert!(
            !allowed.allow(&uri) || uri.host().is_some_and(|host| !host.is_empty()),
            "{entry} lets {uri} out"
        );
        let _named = chaining_target(&uri);
    }
    // A literal name and port: itself, and no other host, port or scheme.
    let host: String = host.chars().filter(char::is_ascii_lowercase).take(20).collect();
    if host.is_empty() || host == "self" {
        return;
    }
    let allowed =
        AllowedHosts::parse(&[format!("https://{host}.example:{port}")]).expect("an entry");
    let allows = |uri: String| allowed.allow(&uri.parse().expect("a URI"));
    assert!(
        allows(format!("https://{host}.example:{port}/a"))
            && allows(format!("https://{}.EXAMPLE:{port}/a", host.to_uppercase()))
    );
    for other in [
        format!("http://{host}.example:{port}/"),
        format!("https://{host}.example:{}/", port.wrapping_add(1)),
        format!("https://a{host}.example:{port}/"),
        format!("https://{host}.example.com:{port}/"),
        format!("https://evil.com:{port}/{host}.example:{port}"),
        format!("https://{host}.example:1@evil.com:{port}/"),
    ] {
        assert!(!allows(other.clone()), "{host}:{port} lets {other} out");
    }
    if let Ok(uri) = uri.parse::<http::Uri>() {
        let same =
            uri.host().is_some_and(|known| known.eq_ignore_ascii_case(&format!("{host}.example")));
        assert!(!allowed.allow(&uri) || same, "{host}:{port} lets {uri} out");
    }
}

fn plans(text: &str) {
    if let Ok(plans) = Plan::read(text) {
        let written = serde_json::to_string(&plans).expect("JSON");
        assert_eq!(Plan::read(&written).expect("as it was read"), plans);
        assert!(plans.iter().all(|plan| plan.call != Some(0)));
    }
    if let Ok(plan) = Plan::of_stop(text) {
        let word = if plan.fault == Fault::StopBefore { "before" } else { "after" };
        let number = plan.call.expect("a number");
        assert!(
            number > 0
                && text.starts_with(word)
                && text.trim_end_matches(&number.to_string()) != text,
            "{text:?}"
        );
    }
}

fn routed(routes: &[&str], path: &str) {
    let trigger = |route: &&str| HttpTrigger {
        route: Route::Path((*route).to_owned()),
        component: (*route).to_owned(),
    };
    let Ok(router) = Router::new(&routes.iter().map(trigger).collect::<Vec<_>>()) else { return };
    let Some(found) = router.find(path) else { return };
    assert!(routes.contains(&found.route.as_str()) && found.component == found.route);
    let plain = |text: &str| {
        text.starts_with('/')
            && !text.contains([':', '*', '.'])
            && !text.contains("//")
            && !text.ends_with('/')
    };
    if plain(path) && routes.contains(&path) && routes.iter().all(|route| plain(route)) {
        assert_eq!(found.route, path);
    }
}
