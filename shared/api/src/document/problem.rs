//! Problems as a client gets them: one schema a code, so that a program that looks at `code` knows
//! which members it has.

use super::Schemas;
use edge::Code;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Where the schema of the problem `code` stands, which is put there if it does not yet.
fn target(schemas: &mut Schemas, code: Code) -> String {
    let name = name(code);
    if !schemas.written.definitions().contains_key(&name) {
        let schema = schema(&mut schemas.written, code);
        schemas.written.definitions_mut().insert(name.clone(), schema);
    }
    format!("#/components/schemas/{name}")
}

/// One of these problems: told apart by `code`.
pub(super) fn one_of(schemas: &mut Schemas, codes: &[Code]) -> Value {
    let targets: Vec<String> = codes.iter().map(|code| target(schemas, *code)).collect();
    let references: Vec<Value> = targets.iter().map(|target| json!({ "$ref": target })).collect();
    match references.as_slice() {
        [only] => only.clone(),
        several => {
            let slugs = codes.iter().map(|code| code.slug().to_owned());
            let mapping: Map<String, Value> =
                slugs.zip(targets.into_iter().map(Value::from)).collect();
            json!({ "oneOf": several, "discriminator": { "propertyName": "code", "mapping": mapping } })
        }
    }
}

/// `payment_declined` is `PaymentDeclinedProblem`.
fn name(code: Code) -> String {
    let words = code.slug().split('_').map(|word| {
        word.chars().next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(word.chars().skip(1)).collect()
        })
    });
    words.chain(["Problem".to_owned()]).collect()
}

fn schema(schemas: &mut SchemaGenerator, code: Code) -> Value {
    let mut properties = json!({
        "type": { "type": "string", "format": "uri", "description": "The code as a URI." },
        "title": { "type": "string", "description": "The same for every occurrence." },
        "status": { "type": "integer", "description": "The HTTP status.", "minimum": 400, "maximum": 599 },
        "code": { "type": "string", "description": "What kind of problem it is.", "enum": [code.slug()] },
        "detail": { "type": "string", "description": "What happened this time, for the client's developer." },
        "field": { "type": "string", "description": "The value it is about: a JSON pointer, or the name of a header, query or path parameter." },
    });
    if let Some(properties) = properties.as_object_mut() {
        for (name, about, mut member) in members(schemas) {
            let (codes, about) = told(about);
            if codes.is_empty() || codes.contains(&code.slug()) {
                member.insert("description".to_owned(), sentence(about).into());
                properties.insert(name.to_owned(), member.to_value());
            }
        }
    }
    json!({
        "type": "object", "description": format!("{} {}", code.meaning(), code.advice()), "required": ["type", "title", "status", "code"],
        "properties": properties,
    })
}

/// What only some problems carry: the name, what it says, and what stands there.
fn members(
    schemas: &mut SchemaGenerator,
) -> impl Iterator<Item = (&'static str, &'static str, Schema)> + use<> {
    terms::member::declared(schemas).into_iter().chain(app::members::declared(schemas))
}

/// The codes that a member comes with, and what it says: "`price_changed`, `session_stale`: why."
/// Without codes it comes with any.
fn told(about: &'static str) -> (Vec<&'static str>, &'static str) {
    let Some((codes, says)) = about.split_once(": ").filter(|(codes, _)| codes.starts_with('`'))
    else {
        return (Vec::new(), about);
    };
    let quoted =
        codes.split('`').enumerate().filter(|(place, _)| place % 2 == 1).map(|(_, code)| code);
    (quoted.collect(), says)
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Every code that some member names: for the test that there are such.
#[cfg(test)]
fn named(schemas: &mut SchemaGenerator) -> Vec<&'static str> {
    members(schemas).flat_map(|(_, about, _)| told(about).0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_a_member_is_described_for_is_one() {
        let named = named(&mut SchemaGenerator::default());
        assert!(named.len() >= 20, "{named:?}");
        for code in named {
            assert!(Code::from_slug(code).is_some(), "{code}");
        }
    }

    #[test]
    fn a_problem_has_the_members_of_its_code_and_no_others() {
        let mut schemas = Schemas::new();
        let declined = schema(&mut schemas.written, Code::PaymentDeclined);
        let members: Vec<&str> =
            declined["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        for member in ["code", "decline_code", "reserved_until_ms", "correlation_id"] {
            assert!(members.contains(&member), "{member}: {members:?}");
        }
        assert!(!members.contains(&"legal") && !members.contains(&"agreed_total"), "{members:?}");
        assert_eq!(name(Code::PaymentDeclined), "PaymentDeclinedProblem");
    }
}
