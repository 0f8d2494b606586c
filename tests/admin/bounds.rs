//! The bounds of settings: what the JSON Schema of a file and the shapes of the API say of them is what the reader does.
//! Each value is given to the reader and to another library's JSON Schema validator.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use portcullis::config::{Source, parse, parse_duration, parse_size, schema, schema_of, show_duration};
use portcullis::model::ResourceKind;
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// A configuration in which every setting with a bound stands at least once, so that each can be changed alone.
fn everything() -> Value {
    serde_json::from_str(include_str!("every_bound.json")).expect("JSON")
}

/// The same with the other kind of store: there is one at a time.
fn with_etcd(mut everything: Value) -> Value {
    let etcd: Value = serde_json::from_str(include_str!("every_bound_etcd.json")).expect("JSON");
    everything["store"] = json!({ "etcd": etcd });
    everything
}

/// What a schema says of a value.
#[derive(Debug, Clone)]
enum Bound {
    Integer(u64, u64),
    /// In milliseconds.
    Duration(u64, u64),
    /// In bytes.
    Size(u64, u64),
    Items(u64),
    Length(u64),
    Pattern,
}

/// The bound that this part of a schema declares itself.
fn bound(schema: &Value) -> Option<Bound> {
    let edges = |word: &str, read: &dyn Fn(&str) -> u64| {
        let edge = |name: &str| schema[word][name].as_str().map(read);
        Some((edge("minimum")?, edge("maximum")?))
    };
    let millis = |text: &str| parse_duration(text).expect("a duration").as_millis() as u64;
    let bytes = |text: &str| parse_size(text).expect("a size");
    if let Some((least, most)) = edges("x-duration", &millis) {
        return Some(Bound::Duration(least, most));
    }
    if let Some((least, most)) = edges("x-size", &bytes) {
        return Some(Bound::Size(least, most));
    }
    if let (Some(least), Some(most)) = (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
        return Some(Bound::Integer(least, most));
    }
    let items = schema["minItems"].as_u64().map(Bound::Items);
    // A pattern that is not anchored is a reference to the environment.
    let is_form = schema["pattern"].as_str().is_some_and(|pattern| pattern.starts_with('^'));
    items.or_else(|| schema["minLength"].as_u64().map(Bound::Length)).or(is_form.then_some(Bound::Pattern))
}

/// The parts below a part of a schema, each with the step that leads there: `*` for any key or place.
fn parts(schema: &Value) -> Vec<(String, &Value)> {
    let named = schema["properties"].as_object().into_iter().flatten();
    let named = named.map(|(name, part)| (format!("/{name}"), part));
    let choices = schema["anyOf"].as_array().into_iter().flatten().map(|part| (String::new(), part));
    let free = ["additionalProperties", "items"].into_iter().map(|word| ("/*".to_owned(), &schema[word]));
    named.chain(choices).chain(free.filter(|(_, part)| part.is_object())).collect()
}

/// Where the schema declares bounds.
fn declared(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    if bound(schema).is_some() {
        found.insert(path.to_owned());
    }
    for (step, part) in parts(schema) {
        declared(part, &format!("{path}{step}"), found);
    }
}

/// A setting with a bound: where the schema has it, where it stands, and the bound.
type Bounded = (String, String, Bound);

/// The settings of `value` with a bound.
fn bounded(schema: &Value, value: &Value, (path, pointer): (&str, &str), found: &mut Vec<Bounded>) {
    if let Some(bound) = bound(schema) {
        found.push((path.to_owned(), pointer.to_owned(), bound));
    }
    for (step, part) in parts(schema) {
        let path = format!("{path}{step}");
        let below: Vec<(String, &Value)> = match (step.as_str(), value) {
            ("", _) => vec![(String::new(), value)],
            ("/*", Value::Object(members)) => {
                members.iter().map(|(name, v)| (format!("/{name}"), v)).collect()
            }
            ("/*", Value::Array(items)) => {
                items.iter().enumerate().map(|(i, v)| (format!("/{i}"), v)).collect()
            }
            (step, _) => value.get(&step[1..]).map(|v| (step.to_owned(), v)).into_iter().collect(),
        };
        for (step, value) in below {
            bounded(part, value, (&path, &format!("{pointer}{step}")), found);
        }
    }
}

/// Random values per setting, besides those at its bounds.
const RANDOM: usize = 2;

/// Values around a bound, each with whether it is within.
fn around(bound: &Bound, now: &Value, random: &mut TestRunner) -> Vec<(Value, Option<bool>)> {
    let number = |least: u64, most: u64, write: &dyn Fn(u64) -> Value, random: &mut TestRunner| {
        let mut values: Vec<u64> = vec![least, most, most + 1, least.saturating_sub(1)];
        for _ in 0..RANDOM {
            let any = (least..=most).prop_union(most + 1..=most * 4);
            values.push(any.new_tree(random).expect("a number").current());
        }
        values.into_iter().map(|n| (write(n), Some((least..=most).contains(&n)))).collect()
    };
    match bound {
        Bound::Integer(least, most) => number(*least, *most, &|n| json!(n), random),
        Bound::Duration(least, most) => {
            number(*least, *most, &|n| json!(show_duration(Duration::from_millis(n))), random)
        }
        Bound::Size(least, most) => number(*least, *most, &|n| json!(format!("{n}B")), random),
        Bound::Items(least) => {
            let items = now.as_array().expect("a list");
            let first = |count: u64| json!(items[..usize::try_from(count).expect("few")]);
            vec![(first(*least), Some(true)), (first(*least - 1), Some(false))]
        }
        Bound::Length(least) => {
            let short = "a".repeat(usize::try_from(*least - 1).expect("short"));
            vec![(now.clone(), Some(true)), (json!(short), Some(false))]
        }
        Bound::Pattern => {
            let others =
                ["", "a b", "ä", "A", &"a".repeat(64), &"a".repeat(65)].map(|text| (json!(text), None));
            others.into_iter().chain([(now.clone(), Some(true))]).collect()
        }
    }
}

/// A value in its place, and where the schema that it is asked about begins.
struct Asked {
    schema: usize,
    root: String,
    document: Value,
    what: String,
    within: Option<bool>,
}

/// Whether the reader accepts each.
fn read(asked: &[Asked]) -> Vec<bool> {
    let environment = |_: &str| None;
    let accepts = |one: &Asked| {
        parse(&[Source::new("portcullis.yaml", one.document.to_string())], &environment).is_ok()
    };
    asked.iter().map(accepts).collect()
}

/// Whether the validator accepts each.
fn validated(schemas: &[Value], asked: &[Asked]) -> Vec<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".tools/venv-schemathesis/bin/python");
    assert!(python.is_file(), "{} is missing: run `make setup`", python.display());
    let mut child = Command::new(python)
        .arg(root.join("tests/admin/bounds.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut input = child.stdin.take().expect("its input");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let answers = std::thread::scope(|scope| {
        scope.spawn(move || {
            writeln!(input, "{}", json!(schemas)).expect("it reads");
            for one in asked {
                let value = one.document.pointer(&one.root);
                writeln!(input, "{}", json!({"schema": one.schema, "value": value})).expect("it reads");
            }
        });
        output.lines().map(|line| line.expect("text") == "true").collect::<Vec<_>>()
    });
    assert!(child.wait().expect("it ends").success(), "the validator ends well");
    assert_eq!(answers.len(), asked.len(), "it answers every question");
    answers
}

#[test]
fn a_value_at_its_bound_is_accepted_by_schema_and_reader_and_one_beyond_by_neither() {
    let everything = everything();
    let schemas = [schema(), schema_of(ResourceKind::Agent), schema_of(ResourceKind::IdentityProvider)];
    let roots = |section: &str| -> Vec<String> {
        let names = everything[section].as_object().expect("a section").keys();
        names.map(|name| format!("/{section}/{name}")).collect()
    };
    let roots = [vec![String::new()], roots("agents"), roots("identity_providers")];

    let mut random = TestRunner::deterministic();
    let mut asked = Vec::new();
    let in_etcd = with_etcd(everything.clone());
    for (number, (schema, roots)) in schemas.iter().zip(&roots).enumerate() {
        let (mut wanted, mut found) = (BTreeSet::new(), Vec::new());
        declared(schema, "", &mut wanted);
        let in_etcd = roots.iter().filter(|root| root.is_empty()).map(|root| (root, &in_etcd));
        for (root, everything) in roots.iter().map(|root| (root, &everything)).chain(in_etcd) {
            let begin = found.len();
            bounded(schema, everything.pointer(root).expect("a root"), ("", root), &mut found);
            // With the other store, only what the first does not have.
            let asked_before: BTreeSet<_> = found[..begin].iter().map(|(path, ..)| path.clone()).collect();
            let is_other = begin > 0 && root.is_empty();
            for (path, pointer, bound) in
                found[begin..].iter().filter(|(path, ..)| !(is_other && asked_before.contains(path)))
            {
                let now = everything.pointer(pointer).expect("a place");
                for (value, within) in around(bound, now, &mut random) {
                    let mut document = everything.clone();
                    let what = format!("{path} ({bound:?}): {value}");
                    *document.pointer_mut(pointer).expect("a place") = value;
                    asked.push(Asked { schema: number, root: root.clone(), document, what, within });
                }
            }
        }
        let found: BTreeSet<String> = found.into_iter().map(|(path, ..)| path).collect();
        let missing: Vec<_> = wanted.difference(&found).collect();
        assert!(missing.is_empty(), "every_bound.json has none of {missing:?}");
    }
    assert!(asked.len() > 500, "{}", asked.len());

    let (readers, validators) = (read(&asked), validated(&schemas, &asked));
    let wrong: Vec<String> = asked
        .iter()
        .zip(readers.into_iter().zip(validators))
        .filter(|(one, (reader, validator))| reader != validator || one.within.is_some_and(|w| w != *reader))
        .map(|(one, (reader, validator))| {
            format!("{}: within {:?}, reader {reader}, schema {validator}", one.what, one.within)
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), asked.len(), wrong.join("\n"));
}
