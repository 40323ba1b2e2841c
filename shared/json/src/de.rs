//! From the tree to a type.
//!
//! Each method asks only for the kind of value its caller named, and structs are read from objects
//! alone: what a type can never be is no code. `serde_json` reads structs from arrays too.
//!
//! A struct's members are put in the order of its fields here, once for all types, and handed over
//! as a sequence. What serde derives for a map (which name is which field, is it there twice, is it
//! there at all) is a third of a component's code when there are many types, and is in none. So it
//! is this reader that refuses unknown members, where it is strict, and not the type.

use crate::tree::Tree;
use serde::de::{
    self, Deserialize as _, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use std::{
    borrow::Cow,
    fmt::{self, Display},
    slice::Iter,
    str::FromStr,
    vec::IntoIter,
};

/// A value of another shape than asked for: where it stands, and what would be right.
#[derive(Debug)]
pub struct Mismatch(Box<Inner>);

#[derive(Debug)]
struct Inner {
    pointer: String,
    fault: Fault,
}

/// What is wrong with a value, without the value: it may be somebody's own.
#[derive(Debug)]
pub enum Fault {
    /// A member that the type does not know.
    Unknown {
        /// Those it knows.
        known: &'static [&'static str],
    },
    /// A member is not there.
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// A member is there more than once.
    Duplicate {
        /// Its name.
        name: &'static str,
    },
    /// Another kind of value.
    Expected {
        /// What would be right, in serde's words: `i64`, `a string`, `` `receive` or `adjust` ``.
        what: String,
    },
    /// What the type itself says of it.
    Said(String),
}

impl Mismatch {
    #[cold]
    fn new(fault: Fault) -> Self {
        Self(Box::new(Inner { pointer: String::new(), fault }))
    }

    /// Where, as a JSON pointer. An unknown member is in it; a missing or repeated one is not.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.0.pointer
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.0.fault
    }

    #[cold]
    fn within(mut self, segment: &str) -> Self {
        self.0.pointer =
            format!("/{}{}", segment.replace('~', "~0").replace('/', "~1"), self.0.pointer);
        self
    }
}

impl Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.pointer.is_empty() {
            write!(f, "{}: ", self.0.pointer)?;
        }
        match &self.0.fault {
            Fault::Unknown { known } => write!(f, "unknown here, known: {}", listed(known)),
            Fault::Missing { name } => write!(f, "`{name}` is missing"),
            Fault::Duplicate { name } => write!(f, "`{name}` is there twice"),
            Fault::Expected { what } => write!(f, "expected {what}"),
            Fault::Said(text) => f.write_str(text),
        }
    }
}

/// Names in a row, as a sentence has them.
#[must_use]
pub fn listed(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [first, second] => format!("`{first}` or `{second}`"),
        all => all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}

impl std::error::Error for Mismatch {}

// What serde would otherwise say as an English sentence, to be kept as what it is.
impl de::Error for Mismatch {
    fn custom<T: Display>(text: T) -> Self {
        Self::new(Fault::Said(text.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        other_than(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        other_than(expected)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        other_than(expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let one_of = if expected.len() > 2 { "one of " } else { "" };
        Self::new(Fault::Expected { what: format!("{one_of}{}", listed(expected)) })
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(Fault::Unknown { known })
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(Fault::Missing { name })
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::new(Fault::Duplicate { name })
    }
}

#[cold]
fn other_than(expected: &dyn Expected) -> Mismatch {
    Mismatch::new(Fault::Expected { what: expected.to_string() })
}

fn parsed<T: FromStr>(text: &str, expected: &dyn Expected) -> Result<T, Mismatch> {
    text.parse().map_err(|_| other_than(expected))
}

fn whole(tree: Tree<'_>, expected: &dyn Expected) -> Result<i64, Mismatch> {
    match tree {
        Tree::Whole(number) => Ok(number),
        Tree::Written(text) => parsed(&text, expected),
        Tree::Large(_) => Err(other_than(expected)),
        Tree::Null
        | Tree::Bool(_)
        | Tree::Real(_)
        | Tree::Text(_)
        | Tree::List(_)
        | Tree::Object(_)
        | Tree::Absent => Err(other_than(expected)),
    }
}

fn natural(tree: Tree<'_>, expected: &dyn Expected) -> Result<u64, Mismatch> {
    match tree {
        Tree::Whole(number) => u64::try_from(number).map_err(|_| other_than(expected)),
        Tree::Large(number) => Ok(number),
        Tree::Written(text) => parsed(&text, expected),
        Tree::Null
        | Tree::Bool(_)
        | Tree::Real(_)
        | Tree::Text(_)
        | Tree::List(_)
        | Tree::Object(_)
        | Tree::Absent => Err(other_than(expected)),
    }
}

fn text<'t>(tree: Tree<'t>, expected: &dyn Expected) -> Result<Cow<'t, str>, Mismatch> {
    match tree {
        Tree::Text(text) | Tree::Written(text) => storable(text),
        Tree::Null
        | Tree::Bool(_)
        | Tree::Whole(_)
        | Tree::Large(_)
        | Tree::Real(_)
        | Tree::List(_)
        | Tree::Object(_)
        | Tree::Absent => Err(other_than(expected)),
    }
}

/// The same, for a type that keeps it: out of line, since every type has a copy of its caller.
fn owned(tree: Tree<'_>, expected: &dyn Expected) -> Result<String, Mismatch> {
    text(tree, expected).map(Cow::into_owned)
}

/// A text that every database takes. PostgreSQL's has no U+0000, as text or in jsonb (its manual,
/// 8.3 and 8.14).
fn storable(text: Cow<'_, str>) -> Result<Cow<'_, str>, Mismatch> {
    if text.contains(crate::NUL) {
        Err(Mismatch::new(Fault::Said(crate::WITHOUT_NUL.to_owned())))
    } else {
        Ok(text)
    }
}

fn list<'t>(node: Node<'t>, expected: &dyn Expected) -> Result<Items<'t>, Mismatch> {
    let is_strict = node.is_strict;
    match node.tree {
        Tree::List(list) => Ok(Items { items: list.into_iter(), index: 0, is_strict }),
        Tree::Null
        | Tree::Bool(_)
        | Tree::Whole(_)
        | Tree::Large(_)
        | Tree::Real(_)
        | Tree::Text(_)
        | Tree::Written(_)
        | Tree::Object(_)
        | Tree::Absent => Err(other_than(expected)),
    }
}

/// Members by their names, in the order of the document.
type Named<'t> = Vec<(Cow<'t, str>, Tree<'t>)>;

fn object<'t>(tree: Tree<'t>, expected: &dyn Expected) -> Result<Named<'t>, Mismatch> {
    match tree {
        Tree::Object(members) => Ok(members),
        Tree::Null
        | Tree::Bool(_)
        | Tree::Whole(_)
        | Tree::Large(_)
        | Tree::Real(_)
        | Tree::Text(_)
        | Tree::Written(_)
        | Tree::List(_)
        | Tree::Absent => Err(other_than(expected)),
    }
}

/// A value that is to become a type.
pub(crate) struct Node<'t> {
    pub(crate) tree: Tree<'t>,
    /// Whether a member that a struct does not know is refused.
    pub(crate) is_strict: bool,
}

/// Methods that hand a value of one kind to the visitor.
macro_rules! scalars {
    ($($method:ident: $take:ident => $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            let value = $take(self.tree, &visitor)?;
            visitor.$visit(value)
        }
    )*};
}

/// And a text.
macro_rules! texts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            let value = owned(self.tree, &visitor)?;
            visitor.visit_string(value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Mismatch;

    scalars! {
        deserialize_i8: whole => visit_i64;
        deserialize_i16: whole => visit_i64;
        deserialize_i32: whole => visit_i64;
        deserialize_i64: whole => visit_i64;
        deserialize_u8: natural => visit_u64;
        deserialize_u16: natural => visit_u64;
        deserialize_u32: natural => visit_u64;
        deserialize_u64: natural => visit_u64;
    }

    texts! {
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.tree {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(value),
            Tree::Whole(number) => visitor.visit_i64(number),
            Tree::Large(number) => visitor.visit_u64(number),
            Tree::Real(number) => visitor.visit_f64(number),
            Tree::Text(text) | Tree::Written(text) => visitor.visit_str(&storable(text)?),
            Tree::List(_) => self.deserialize_seq(visitor),
            Tree::Object(_) => self.deserialize_map(visitor),
            Tree::Absent => Err(other_than(&visitor)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let value = match self.tree {
            Tree::Bool(value) => value,
            Tree::Written(text) => parsed(&text, &visitor)?,
            Tree::Null
            | Tree::Whole(_)
            | Tree::Large(_)
            | Tree::Real(_)
            | Tree::Text(_)
            | Tree::List(_)
            | Tree::Object(_)
            | Tree::Absent => {
                return Err(other_than(&visitor));
            }
        };
        visitor.visit_bool(value)
    }

    // No type of ours holds one; what does (a `Value`) asks for any.
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_any(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if matches!(self.tree, Tree::Null | Tree::Absent) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if matches!(self.tree, Tree::Null) {
            visitor.visit_unit()
        } else {
            Err(other_than(&visitor))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let items = list(self, &visitor)?;
        visitor.visit_seq(items)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let items = list(self, &visitor)?;
        if items.items.len() == len { visitor.visit_seq(items) } else { Err(other_than(&visitor)) }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let members = object(self.tree, &visitor)?.into_iter();
        visitor.visit_map(Members { members, current: None, is_strict: self.is_strict })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let mut fields = Fields::of(object(self.tree, &visitor)?, names, self.is_strict)?;
        let read = visitor.visit_seq(&mut fields);
        read.map_err(|error| fields.why(error))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        // The name alone, or an object that has what it holds under its name.
        let is_strict = self.is_strict;
        let (name, tree) = if let Tree::Object(members) = self.tree {
            only(members).ok_or_else(|| other_than(&visitor))?
        } else {
            (text(self.tree, &visitor)?, Tree::Null)
        };
        visitor.visit_enum(Variant { name, content: Node { tree, is_strict } })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }
}

/// A struct's members, in the order of its fields.
struct Fields<'t> {
    names: Iter<'static, &'static str>,
    values: IntoIter<Tree<'t>>,
    /// The field that was asked for last, if it is not there and its type needs it.
    missing: Option<&'static str>,
    is_strict: bool,
}

impl<'t> Fields<'t> {
    fn of(
        members: Named<'t>,
        names: &'static [&'static str],
        is_strict: bool,
    ) -> Result<Self, Mismatch> {
        let mut values: Vec<Tree<'t>> = names.iter().map(|_| Tree::Absent).collect();
        for (name, value) in members {
            let field = names.iter().zip(values.iter_mut()).find(|(known, _)| ***known == *name);
            match field {
                Some((_, place)) if matches!(place, Tree::Absent) => *place = value,
                Some((name, _)) => return Err(Mismatch::new(Fault::Duplicate { name })),
                None if is_strict => {
                    return Err(Mismatch::new(Fault::Unknown { known: names }).within(&name));
                }
                None => {}
            }
        }
        Ok(Self { names: names.iter(), values: values.into_iter(), missing: None, is_strict })
    }

    /// Why a struct could not be made: for want of the field that was asked for last, or as its
    /// type says.
    fn why(&self, error: Mismatch) -> Mismatch {
        match self.missing {
            Some(name) => Mismatch::new(Fault::Missing { name }),
            None => error,
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Fields<'_> {
    type Error = Mismatch;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Mismatch> {
        let (Some(name), Some(tree)) = (self.names.next(), self.values.next()) else {
            return Ok(None);
        };
        let is_absent = matches!(tree, Tree::Absent);
        self.missing = None;
        match seed.deserialize(Node { tree, is_strict: self.is_strict }) {
            Ok(value) => Ok(Some(value)),
            // Where the type has a default, that is what it takes; else it stops here.
            Err(_) if is_absent => {
                self.missing = Some(name);
                Ok(None)
            }
            Err(error) => Err(error.within(name)),
        }
    }
}

struct Items<'t> {
    items: IntoIter<Tree<'t>>,
    index: usize,
    is_strict: bool,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Mismatch;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Mismatch> {
        let Some(tree) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index = index.saturating_add(1);
        let item = Node { tree, is_strict: self.is_strict };
        seed.deserialize(item).map(Some).map_err(|error| error.within(&index.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Members<'t> {
    members: IntoIter<(Cow<'t, str>, Tree<'t>)>,
    current: Option<(Cow<'t, str>, Tree<'t>)>,
    is_strict: bool,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Mismatch;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Mismatch> {
        self.current = self.members.next();
        let Some((name, _)) = &self.current else { return Ok(None) };
        seed.deserialize(Key(name)).map(Some).map_err(|error| error.within(name))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Mismatch> {
        let (name, tree) = self.current.take().unwrap_or((Cow::Borrowed(""), Tree::Null));
        let value = Node { tree, is_strict: self.is_strict };
        seed.deserialize(value).map_err(|error| error.within(&name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.members.len())
    }
}

/// A member's name.
struct Key<'a>(&'a str);

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct
        map struct enum identifier ignored_any
    }
}

fn only(members: Named<'_>) -> Option<(Cow<'_, str>, Tree<'_>)> {
    let [member] = <[_; 1]>::try_from(members).ok()?;
    Some(member)
}

/// A variant's name, and what it holds.
struct Variant<'t> {
    name: Cow<'t, str>,
    content: Node<'t>,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Mismatch> {
        Ok((seed.deserialize(Key(&self.name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        <()>::deserialize(self.content).map_err(|error| error.within(&self.name))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Mismatch> {
        seed.deserialize(self.content).map_err(|error| error.within(&self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        Err(other_than(&visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let read = self.content.deserialize_struct("", names, visitor);
        read.map_err(|error| error.within(&self.name))
    }
}
