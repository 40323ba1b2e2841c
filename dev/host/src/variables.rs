//! Application variables: providers asked in Spin's order (command line, environment, default),
//! then the component's own names, which are templates over them.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};

use crate::bindings::variables::{Error, Host};
use crate::guest::Guest;
use crate::manifest::{Component, Manifest, check_name};
use crate::template::Template;

/// The values an application was started with.
#[derive(Debug, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Settles every declared variable; refuses to start when a required one has no value.
    pub fn settle(manifest: &Manifest, given: &BTreeMap<String, String>) -> Result<Self> {
        for name in given.keys() {
            if !manifest.variables.contains_key(name) {
                eprintln!(
                    "till: --variable {name} is not declared in the manifest, so nobody can read it"
                );
            }
        }
        let mut values = BTreeMap::new();
        for (name, declared) in &manifest.variables {
            check_name(name).map_err(|why| anyhow!("variable {name:?}: {why}"))?;
            let from_environment =
                || std::env::var(format!("SPIN_VARIABLE_{}", name.to_uppercase())).ok();
            let value = given
                .get(name)
                .cloned()
                .or_else(from_environment)
                .or_else(|| declared.default.clone());
            match value {
                Some(value) => {
                    values.insert(name.clone(), value);
                }
                None if declared.required => bail!(
                    "variable {name:?} is required and has no value; give --variable {name}=… or \
                     set SPIN_VARIABLE_{}",
                    name.to_uppercase()
                ),
                None => {}
            }
        }
        Ok(Self(values))
    }

    /// Resolves a template over these values.
    pub fn resolve(&self, template: &str) -> Result<String> {
        Template::parse(template)?.resolve(|name| {
            self.0.get(name).cloned().with_context(|| format!("no value for variable {name:?}"))
        })
    }

    /// A component's own variables, resolved; a value that cannot be resolved is kept as the text
    /// of its error, because Spin too reports it only to the guest that asks.
    pub fn of_component(&self, component: &Component) -> BTreeMap<String, Result<String, String>> {
        let resolve =
            |template: &String| self.resolve(template).map_err(|error| format!("{error:#}"));
        component
            .variables
            .iter()
            .map(|(name, template)| (name.clone(), resolve(template)))
            .collect()
    }
}

impl Host for Guest {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        if let Err(why) = check_name(&name) {
            return Ok(Err(Error::InvalidName(why.to_owned())));
        }
        Ok(match self.component.variables.get(&name) {
            Some(Ok(value)) => Ok(value.clone()),
            Some(Err(why)) => Err(Error::Provider(why.clone())),
            None => {
                Err(Error::Undefined(format!("no variable for {:?}.{name:?}", self.component.id)))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(variables: &str) -> Manifest {
        let text = format!(
            "spin_manifest_version = 2\n[application]\nname = \"a\"\n[variables]\n{variables}"
        );
        Manifest::parse(&text, Default::default()).unwrap()
    }

    #[test]
    fn a_required_variable_without_a_value_refuses_the_start() {
        let manifest = manifest("till_test_key = { required = true }");
        let error = Variables::settle(&manifest, &BTreeMap::new()).unwrap_err();
        assert!(error.to_string().contains("SPIN_VARIABLE_TILL_TEST_KEY"), "{error}");
    }

    #[test]
    fn the_command_line_beats_the_default() {
        let manifest = manifest("host = { default = \"a\" }");
        let given = BTreeMap::from([("host".to_owned(), "b".to_owned())]);
        assert_eq!(
            Variables::settle(&manifest, &given).unwrap().resolve("http://{{ host }}").unwrap(),
            "http://b"
        );
        assert_eq!(
            Variables::settle(&manifest, &BTreeMap::new()).unwrap().resolve("{{ host }}").unwrap(),
            "a"
        );
    }

    #[test]
    fn names_are_single_underscored_lower_case() {
        for good in ["a", "a_b", "a1"] {
            check_name(good).unwrap();
        }
        for bad in ["", "A", "1a", "a__b", "a_", "a-b"] {
            check_name(bad).unwrap_err();
        }
    }
}
