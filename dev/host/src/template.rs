//! `{{ name }}` in a manifest's strings, as Spin reads them: no escapes, no nesting.

use anyhow::{Result, bail};

/// A string with places for variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

impl Template {
    /// Reads a template; an opening `{{` without its `}}` is an error.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("{{") {
                let Some((name, tail)) = after.split_once("}}") else {
                    bail!("unmatched '{{{{' in {text:?}");
                };
                parts.push(Part::Variable(name.trim().to_owned()));
                rest = tail;
            } else {
                let (literal, tail) = rest.split_at(rest.find("{{").unwrap_or(rest.len()));
                parts.push(Part::Literal(literal.to_owned()));
                rest = tail;
            }
        }
        Ok(Self(parts))
    }

    /// The text, with each variable replaced by what `lookup` gives for its name.
    pub fn resolve(&self, mut lookup: impl FnMut(&str) -> Result<String>) -> Result<String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable(name) => text.push_str(&lookup(name)?),
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_between_literals() {
        let template = Template::parse("a-{{ one }}-b{{two}}").unwrap();
        assert_eq!(template.resolve(|name| Ok(name.to_uppercase())).unwrap(), "a-ONE-bTWO");
    }

    #[test]
    fn an_open_brace_pair_is_refused() {
        Template::parse("{{ one }} {{ two").unwrap_err();
    }
}
