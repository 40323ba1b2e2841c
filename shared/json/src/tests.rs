use super::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Everything {
    yes: bool,
    small: u8,
    large: u64,
    below: i32,
    text: String,
    none: Option<i64>,
    some: Option<Box<Everything>>,
    list: Vec<i64>,
    pair: (String, i64),
    kind: Kind,
    #[serde(flatten)]
    tagged: Tagged,
    any: Value,
    by_name: BTreeMap<Name, i64>,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    OfOne,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "stock", rename_all = "snake_case")]
enum Tagged {
    Short { available: i64 },
    Unknown,
}

#[derive(Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
struct Name(String);

fn everything(some: Option<Box<Everything>>, tagged: Tagged) -> Everything {
    Everything {
        yes: true,
        small: 255,
        large: u64::MAX,
        below: -5,
        text: "ŏ \"x\" \n".into(),
        none: None,
        some,
        list: vec![1, -2, i64::MIN],
        pair: ("a".into(), 1),
        kind: Kind::OfOne,
        tagged,
        any: serde_json::json!({ "real": 1.5, "list": [null, true, -1, u64::MAX], "object": {} }),
        by_name: BTreeMap::from([(Name("b".into()), 2)]),
    }
}

#[test]
fn what_serde_json_writes_is_read_back() {
    let inner = everything(None, Tagged::Short { available: 3 });
    let value = everything(Some(Box::new(inner)), Tagged::Unknown);
    let text = serde_json::to_vec(&value).unwrap();
    assert_eq!(read::<Everything>(&text).unwrap(), value);
    assert_eq!(read::<Value>(&text).unwrap(), serde_json::from_slice::<Value>(&text).unwrap());
    assert_eq!(read::<Kind>(b"\"never heard of\"").unwrap(), Kind::Other);
}

#[test]
fn a_variant_is_a_name_or_one_member() {
    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Of {
        All,
        Some(Vec<i64>),
        Part { basis_points: i64 },
    }
    for of in [Of::All, Of::Some(vec![1, 2]), Of::Part { basis_points: 5 }] {
        assert_eq!(read::<Of>(&serde_json::to_vec(&of).unwrap()).unwrap(), of);
    }
    let pointer = |text: &str| match read::<Of>(text.as_bytes()).unwrap_err() {
        ReadError::Mismatch(mismatch) => mismatch.pointer().to_owned(),
        ReadError::Malformed(error) => panic!("{error}"),
    };
    assert_eq!(pointer(r#"{"some":[1,"two"]}"#), "/some/1");
    assert_eq!(pointer(r#"{"part":{"basis_points":"5"}}"#), "/part/basis_points");
    assert_eq!(pointer(r#"{"all":[]}"#), "/all");
    for none in [r#""some""#, r#"{"all":null,"some":[]}"#, "{}", r#"{"none":1}"#, "7"] {
        assert!(read::<Of>(none.as_bytes()).is_err(), "{none}");
    }
}

#[test]
fn an_error_knows_its_place_and_does_not_repeat_the_value() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Cart {
        lines: Vec<Line>,
        pair: Option<(i64, i64)>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Line {
        quantity: u8,
    }
    let cases = [
        (r#"{"lines":[{"quantity":1},{"quantity":"secret"}]}"#, "/lines/1/quantity: expected u8"),
        (r#"{"lines":[{"quantity":-1}]}"#, "/lines/0/quantity: expected u8"),
        (r#"{"lines":[{"quantity":256}]}"#, "/lines/0/quantity: expected u8"),
        (r#"{"lines":[{"quantity":1.0}]}"#, "/lines/0/quantity: expected u8"),
        (
            r#"{"lines":[{"quantity":1,"a/~b":1}]}"#,
            "/lines/0/a~1~0b: unknown here, known: `quantity`",
        ),
        (r#"{"lines":[{"quantity":1,"quantity":1}]}"#, "/lines/0: `quantity` is there twice"),
        (r#"{"lines":[{}]}"#, "/lines/0: `quantity` is missing"),
        (r#"{"lines":[[1]]}"#, "/lines/0: expected struct Line"),
        (r#"{"lines":[],"pair":[1,2,3]}"#, "/pair: expected a tuple of size 2"),
        ("[]", "expected struct Cart"),
    ];
    for (text, expected) in cases {
        let error = read_strictly::<Cart>(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

#[test]
fn a_member_that_is_not_there_is_its_types_affair() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Rule {
        name: String,
        ends: Option<i64>,
        #[serde(default)]
        codes: Vec<Code>,
        #[serde(default)]
        active: bool,
        #[serde(skip_deserializing)]
        seen: bool,
        last: i64,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(try_from = "i64")]
    struct Code(i64);
    impl TryFrom<i64> for Code {
        type Error = &'static str;
        fn try_from(code: i64) -> Result<Self, Self::Error> {
            if code > 0 { Ok(Self(code)) } else { Err("must be above 0") }
        }
    }
    let rule = |text: &str| read::<Rule>(text.as_bytes()).map_err(|error| error.to_string());
    let plain =
        Rule { name: "a".into(), ends: None, codes: vec![], active: false, seen: false, last: 1 };
    // In any order, with others between.
    assert_eq!(rule(r#"{"last":1,"more":{"x":1},"name":"a"}"#).unwrap(), plain);
    assert_eq!(rule(r#"{"last":1,"name":"a","ends":null}"#).unwrap(), plain);
    let full = Rule { ends: Some(2), codes: vec![Code(3)], active: true, ..plain };
    let text = r#"{"name":"a","ends":2,"codes":[3],"active":true,"last":1}"#;
    assert_eq!(rule(text).unwrap(), full);
    for (text, error) in [
        (r#"{"last":1}"#, "`name` is missing"),
        (r#"{"name":"a","codes":[]}"#, "`last` is missing"),
        // A default is for what is not there, and for nothing else.
        (r#"{"name":"a","last":1,"active":null}"#, "/active: expected a boolean"),
        (r#"{"name":"a","last":1,"codes":[0]}"#, "/codes/0: must be above 0"),
        (r#"{"name":"a","last":"x","codes":[1]}"#, "/last: expected i64"),
        (r#"{"name":"a","last":1,"x":1,"last":2}"#, "`last` is there twice"),
    ] {
        assert_eq!(rule(text).unwrap_err(), error, "{text}");
    }
    assert!(read_strictly::<Rule>(text.as_bytes()).is_ok());
    let error = read_strictly::<Rule>(br#"{"name":"a","last":1,"seen":true}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/seen: unknown here, known: `name`, `ends`, `codes`, `active`, `last`"
    );
}

#[test]
fn what_is_no_json_is_malformed() {
    let deep = "[".repeat(2_000);
    for text in ["", "{", "{} x", "{'a':1}", "\u{feff}{}", "\"\u{1}\"", &deep] {
        assert!(matches!(read::<Value>(text.as_bytes()), Err(ReadError::Malformed(_))), "{text}");
    }
    assert!(matches!(read::<Value>(b"\"\xff\""), Err(ReadError::Malformed(_))));
}

#[test]
fn a_pair_is_read_as_what_is_asked_of_it() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Query {
        text: String,
        number: Option<i64>,
        yes: bool,
        absent: Option<u32>,
    }
    let pairs = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<Vec<_>>()
    };
    let query = pairs(&[("text", "1"), ("number", "-2"), ("yes", "true")]);
    let expected = Query { text: "1".into(), number: Some(-2), yes: true, absent: None };
    assert_eq!(read_pairs::<Query>(query.into_iter()).unwrap(), expected);
    let query = pairs(&[("text", "1"), ("number", "x")]);
    assert_eq!(
        read_pairs::<Query>(query.into_iter()).unwrap_err().to_string(),
        "/number: expected i64"
    );
}

#[test]
fn json_in_code_is_what_serde_json_makes_of_it() {
    let (sku, kind, list) = ("TILL-1".to_owned(), Kind::OfOne, vec![1, 2]);
    macro_rules! members {
        ($json:path) => {{
            use $json as json;
            json!({
                "sku": sku, "kind": kind, "none": None::<i64>, "list": list, "empty": [],
                "both": [sku, "x"],
                "sum": 1 + 2, "inner": { "n": -1, "deeper": {} },
                "made": list.iter().map(|n| json!({ "n": n })).collect::<Vec<_>>(),
            })
        }};
    }
    assert_eq!(members!(crate::json), members!(serde_json::json));
    assert_eq!(text(&json!({ "b": 1, "a": "é" })), r#"{"a":"é","b":1}"#);
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Sold {
    sku: String,
    weight_g: i64,
    active: bool,
    note: Option<String>,
    prices: BTreeMap<String, i64>,
}

#[test]
fn a_row_is_read_by_the_names_of_its_columns() {
    let read = |cells: &[(&str, &str)]| {
        read_cells::<Sold>(cells.iter().copied()).map_err(|wrong| wrong.to_string())
    };
    let cells = [
        ("prices.USD", "1999"),
        ("sku", "007"),
        ("weight_g", "-3"),
        ("prices.EUR", ""),
        ("active", "true"),
        ("note", ""),
        ("prices.VND", "0"),
    ];
    let prices = BTreeMap::from([("USD".to_owned(), 1_999), ("VND".to_owned(), 0)]);
    assert_eq!(
        read(&cells).unwrap(),
        Sold { sku: "007".to_owned(), weight_g: -3, active: true, note: None, prices }
    );
    assert!(read(&cells[3..]).unwrap_err().contains("`sku` is missing"));
    let with = |at: usize, cell: (&'static str, &'static str)| {
        let mut cells = cells;
        cells[at] = cell;
        read(&cells).unwrap_err()
    };
    assert_eq!(with(0, ("prices.USD", "19.99")), "/prices/USD: expected i64");
    assert_eq!(with(4, ("active", "yes")), "/active: expected a boolean");
    assert!(with(5, ("colour", "blue")).starts_with("/colour: unknown here"));
}
