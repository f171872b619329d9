//! Split sets: parts join in order, and every way a set can be incomplete is named.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use lilim_formats::GgmlType;
use lilim_formats::gguf::{
    Array, Gguf, GgufError, GgufWriter, Metadata, TensorSpec, Value, part_names,
};

/// Writes part `no` of `count` with these tensors, each of four values.
fn part(no: u16, count: u16, total: i32, names: &[&str]) -> Vec<u8> {
    let mut metadata = Metadata::new("part");
    metadata.set("split.no", Value::U16(no));
    metadata.set("split.count", Value::U16(count));
    metadata.set("split.tensors.count", Value::I32(total));
    if no == 0 {
        metadata.set("general.architecture", Value::String("llama".into()));
    }
    write(&metadata, names, no as u8)
}

fn write(metadata: &Metadata, names: &[&str], fill: u8) -> Vec<u8> {
    let spec = |name: &&str| TensorSpec {
        name: name.to_string(),
        ty: GgmlType::F32,
        dims: vec![4],
    };
    let specs: Vec<TensorSpec> = names.iter().map(spec).collect();
    let mut writer = GgufWriter::new(Vec::new(), metadata, &specs).unwrap();
    for name in names {
        writer.write_tensor(name, &[fill; 16]).unwrap();
    }
    writer.finish().unwrap()
}

fn join(parts: &[&[u8]]) -> Result<Gguf, GgufError> {
    let parse = |(i, bytes): (usize, &&[u8])| Gguf::parse(&format!("p{i}"), bytes).unwrap();
    Gguf::join(parts.iter().enumerate().map(parse).collect())
}

fn check(parts: &[&[u8]], expected: &str) {
    assert_eq!(join(parts).unwrap_err().to_string(), expected);
}

#[test]
fn parts_join_in_order() {
    let parts = [
        part(0, 3, 4, &["a", "b"]),
        part(1, 3, 4, &["c"]),
        part(2, 3, 4, &["d"]),
    ];
    let joined = join(&[&parts[0], &parts[1], &parts[2]]).unwrap();
    assert_eq!(joined.files(), ["p0", "p1", "p2"]);
    assert_eq!(
        joined.metadata().str("general.architecture").unwrap(),
        Some("llama")
    );
    let split = joined.split().unwrap().unwrap();
    assert_eq!((split.no, split.count, split.n_tensors), (0, 3, Some(4)));
    let names: Vec<(&str, usize)> = joined
        .tensors()
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor.part))
        .collect();
    assert_eq!(names, [("a", 0), ("b", 0), ("c", 1), ("d", 2)]);
    for tensor in joined.tensors() {
        assert_eq!(tensor.bytes(&parts[tensor.part]), [tensor.part as u8; 16]);
        assert_eq!(joined.tensor(&tensor.name), Some(tensor));
    }
}

#[test]
fn a_joined_set_is_written_as_one_file() {
    let parts = [part(0, 2, 2, &["a"]), part(1, 2, 2, &["b"])];
    let joined = join(&[&parts[0], &parts[1]]).unwrap();
    let written = joined.write(Vec::new(), &[&parts[0], &parts[1]]).unwrap();
    let one = join(&[&written]).unwrap();
    assert_eq!(one.split().unwrap(), None);
    let keys: Vec<&str> = one.metadata().iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["general.architecture"]);
    assert_eq!(one.tensor("b").unwrap().bytes(&written), [1; 16]);
}

#[test]
fn an_unsplit_file_joins_alone() {
    let alone = write(&Metadata::new("m"), &["a"], 0);
    assert_eq!(join(&[&alone]).unwrap().tensors().len(), 1);
    let set_of_one = part(0, 1, 1, &["a"]);
    assert_eq!(join(&[&set_of_one]).unwrap().tensors().len(), 1);
    check(
        &[&alone, &alone],
        "p0: the model has 1 parts, but 2 are here",
    );
}

#[test]
fn incomplete_sets_are_named() {
    let (first, second, third) = (
        part(0, 3, 3, &["a"]),
        part(1, 3, 3, &["b"]),
        part(2, 3, 3, &["c"]),
    );
    check(&[&first], "p0: the model has 3 parts, but 1 are here");
    check(
        &[&first, &second],
        "p0: the model has 3 parts, but 2 are here",
    );
    check(
        &[&first, &second, &third, &third],
        "p0: the model has 3 parts, but 4 are here",
    );
    check(
        &[&first, &third, &second],
        "p1: this is part 3 of 3, where part 2 belongs (counted from 1)",
    );
    check(
        &[&second, &third, &first],
        "p0: this is part 2 of 3, where part 1 belongs (counted from 1)",
    );
    check(
        &[&first, &second, &second],
        "p2: this is part 2 of 3, where part 3 belongs (counted from 1)",
    );
    let foreign = part(1, 2, 3, &["b"]);
    check(
        &[&first, &foreign, &third],
        "p1: the model has 2 parts, but 3 are here",
    );
    let alone = write(&Metadata::new("m"), &["b"], 0);
    check(
        &[&first, &alone, &third],
        "p1: the model has 1 parts, but 3 are here",
    );
}

#[test]
fn tensors_of_a_set_are_counted_and_unique() {
    let (first, second) = (part(0, 2, 3, &["a"]), part(1, 2, 3, &["b"]));
    check(
        &[&first, &second],
        "p0: the 2 parts have 2 tensors together, not 3",
    );
    let same = part(1, 2, 2, &["a"]);
    check(&[&first, &same], "p1: tensor a occurs twice");
}

#[test]
fn impossible_split_keys_are_named() {
    let with = |no: Value, count: Value| {
        let mut metadata = Metadata::new("m");
        metadata.set("split.no", no);
        metadata.set("split.count", count);
        let bytes = write(&metadata, &[], 0);
        Gguf::parse("p0", &bytes)
            .unwrap()
            .split()
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        with(Value::U16(3), Value::U16(3)),
        "p0: split.no is 3 in a set of 3 parts"
    );
    assert_eq!(
        with(Value::U16(1), Value::U16(0)),
        "p0: split.no is 1 in a set of 0 parts"
    );
    assert_eq!(
        with(Value::U32(0), Value::U32(70_000)),
        "p0: split.count is 70000 in a set of 70000 parts"
    );
    assert_eq!(
        with(Value::I32(-1), Value::U16(3)),
        "p0: key split.no is -1, which does not fit u32"
    );
    let list = Value::Array(Array::U8(vec![]));
    assert_eq!(
        with(Value::U16(0), list),
        "p0: key split.count is of type array of 0 u8, not u32"
    );
}

#[test]
fn part_names_come_from_any_part() {
    let expected: Vec<String> = (1..=3)
        .map(|part| format!("dir/my-model-{part:05}-of-00003.gguf"))
        .collect();
    for part in 1..=3 {
        let name = format!("dir/my-model-{part:05}-of-00003.gguf");
        assert_eq!(part_names(&name).as_ref(), Some(&expected));
    }
    for name in [
        "model.gguf",
        "model-00001-of-00003.bin",
        "model-00000-of-00003.gguf",
        "model-00004-of-00003.gguf",
        "model-1-of-3.gguf",
        "model-+0001-of-00003.gguf",
        "model-00001-of-99999.gguf",
        "00001-of-00003.gguf",
        "-of-.gguf",
        "",
    ] {
        assert_eq!(part_names(name), None, "{name}");
    }
    assert_eq!(
        part_names("-00001-of-00001.gguf").unwrap(),
        ["-00001-of-00001.gguf"]
    );
}
