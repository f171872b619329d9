//! Opening models, whole and split, and saying what is wrong with those that cannot be opened.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use lilim_formats::GgmlType;
use lilim_formats::gguf::{GgufWriter, Metadata, TensorSpec, Value};
use lilim_store::{Catalog, MappedFile, MappedModel, StoreError, given_path};
use tempfile::TempDir;

/// Writes a model of one tensor of four f32 that hold `value`.
fn write_model(path: &Path, tensor: &str, value: f32, split: Option<(u16, u16)>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut metadata = Metadata::new("test");
    metadata
        .push("general.architecture", Value::String("llama".to_owned()))
        .unwrap();
    if let Some((no, count)) = split {
        metadata.push("split.no", Value::U16(no)).unwrap();
        metadata.push("split.count", Value::U16(count)).unwrap();
        metadata
            .push("split.tensors.count", Value::I32(count.into()))
            .unwrap();
    }
    let spec = TensorSpec {
        name: tensor.to_owned(),
        ty: GgmlType::F32,
        dims: vec![4],
    };
    let mut writer = GgufWriter::new(File::create(path).unwrap(), &metadata, &[spec]).unwrap();
    let bytes: Vec<u8> = [value; 4].iter().flat_map(|x| x.to_le_bytes()).collect();
    writer.write_tensor(tensor, &bytes).unwrap();
    writer.finish().unwrap();
}

fn write_split(folder: &Path, name: &str, count: u16) -> Vec<PathBuf> {
    (0..count)
        .map(|no| {
            let path = folder.join(format!("{name}-{:05}-of-{count:05}.gguf", no + 1));
            write_model(
                &path,
                &format!("tensor{no}"),
                f32::from(no),
                Some((no, count)),
            );
            path
        })
        .collect()
}

fn message(error: &StoreError, folder: &Path) -> String {
    error
        .to_string()
        .replace(&format!("{}/", folder.display()), "")
}

fn check_open(folder: &Path, name: &str, expected: &str) {
    let error = MappedModel::open(&folder.join(name)).unwrap_err();
    assert_eq!(message(&error, folder), expected);
}

#[test]
fn a_single_file_is_mapped_and_parsed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.gguf");
    write_model(&path, "weights", 2.5, None);
    let model = MappedModel::open(&path).unwrap();
    assert_eq!((model.path(), model.parts().len()), (path.as_path(), 1));
    assert_eq!(model.n_bytes(), fs::metadata(&path).unwrap().len());
    let tensor = model.gguf().tensor("weights").unwrap();
    assert_eq!(
        tensor.bytes(model.parts()[tensor.part])[..4],
        2.5_f32.to_le_bytes()
    );
}

#[test]
fn any_part_opens_the_whole_set() {
    let folder = TempDir::new().unwrap();
    for path in write_split(folder.path(), "big", 3) {
        let model = MappedModel::open(&path).unwrap();
        assert_eq!((model.parts().len(), model.files().len()), (3, 3));
        assert!(model.path().ends_with("big-00001-of-00003.gguf"));
        for no in 0..3_u8 {
            let tensor = model.gguf().tensor(&format!("tensor{no}")).unwrap();
            let bytes = tensor.bytes(model.parts()[tensor.part]);
            assert_eq!(bytes[..4], f32::from(no).to_le_bytes());
        }
    }
}

#[test]
fn parts_that_are_missing_or_renamed_are_named() {
    let folder = TempDir::new().unwrap();
    let paths = write_split(folder.path(), "big", 3);
    fs::remove_file(&paths[1]).unwrap();
    check_open(
        folder.path(),
        "big-00003-of-00003.gguf",
        "part 2 of 3 is missing: big-00002-of-00003.gguf does not exist",
    );
    fs::rename(&paths[0], folder.path().join("renamed.gguf")).unwrap();
    check_open(
        folder.path(),
        "renamed.gguf",
        "renamed.gguf is one of 3 parts, but its name does not end in -00001-of-00003.gguf or the \
         like, so that the others cannot be found",
    );
}

#[test]
fn what_cannot_be_opened_is_named_with_its_cause() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("empty.gguf", b"");
    write("page.gguf", b"<!DOCTYPE html>\n<html>");
    write("torch.gguf", b"PK\x03\x04rest");
    write("noise.gguf", b"hello there");
    write("short.gguf", b"GGUF\x03\0\0\0");
    fs::create_dir(folder.path().join("folder.gguf")).unwrap();
    let cases = [
        ("none.gguf", "none.gguf does not exist"),
        ("folder.gguf", "folder.gguf is a folder, not a file"),
        ("empty.gguf", "empty.gguf is empty"),
        (
            "page.gguf",
            "page.gguf is not a GGUF file: it looks like a web page (the download gave a page \
             instead of the file)",
        ),
        (
            "torch.gguf",
            "torch.gguf is not a GGUF file: it looks like a zip archive or a PyTorch checkpoint",
        ),
        (
            "noise.gguf",
            "noise.gguf is not a GGUF file: it starts with the bytes [68, 65, 6c, 6c, 6f, 20, 74, 68]",
        ),
    ];
    for (name, expected) in cases {
        check_open(folder.path(), name, expected);
    }
    let error = MappedModel::open(&folder.path().join("short.gguf")).unwrap_err();
    assert!(matches!(error, StoreError::Gguf(_)));
    assert!(error.to_string().contains("short.gguf"), "{error}");
}

#[cfg(unix)]
#[test]
fn devices_are_refused_and_not_waited_for() {
    let error = MappedFile::open(Path::new("/dev/null")).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
}

/// A folder of models in subfolders, with things that are no models among them.
fn installed() -> (TempDir, Catalog) {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    for name in [
        "Qwen3-0.6B-Q8_0.gguf",
        "org/repo/Qwen3-1.7B-Q4_K_M.gguf",
        "org/phi-2.GGUF",
        "mmproj-F16.gguf",
        ".hidden/x.gguf",
        "a/b/c/d/too-deep.gguf",
    ] {
        write_model(&root.join(name), "w", 1.0, None);
    }
    write_split(&root.join("parts"), "big", 2);
    fs::write(root.join("broken.gguf"), b"not a model").unwrap();
    fs::write(root.join("notes.txt"), b"x").unwrap();
    let catalog = Catalog::scan(root).unwrap();
    (folder, catalog)
}

#[test]
fn a_scan_finds_models_in_subfolders_and_counts_sets_once() {
    let (_folder, catalog) = installed();
    let found: Vec<_> = catalog
        .entries()
        .iter()
        .map(|entry| {
            (
                entry.name.as_str(),
                entry.arch.as_deref(),
                entry.quantization.as_deref(),
            )
        })
        .collect();
    let fine = |name| (name, Some("llama"), Some("F32"));
    assert_eq!(
        found,
        [
            fine("big"),
            ("broken", None, None),
            fine("phi-2"),
            fine("Qwen3-0.6B-Q8_0"),
            fine("Qwen3-1.7B-Q4_K_M"),
        ]
    );
    let big = &catalog.entries()[0];
    let model = MappedModel::open(&big.path).unwrap();
    assert_eq!(big.n_bytes, model.n_bytes());
}

#[test]
fn a_folder_that_is_not_there_has_no_models() {
    let folder = TempDir::new().unwrap();
    let catalog = Catalog::scan(&folder.path().join("none")).unwrap();
    assert_eq!(catalog, Catalog::default());
    let (other, _) = installed();
    let missing = folder.path().join("none");
    let catalog = Catalog::scan_all([other.path(), missing.as_path(), other.path()]).unwrap();
    assert_eq!(
        catalog.entries().len(),
        5,
        "a folder given twice counts once"
    );
}

#[test]
fn references_are_names_beginnings_and_paths() {
    let (folder, catalog) = installed();
    let cases = [
        ("phi-2", "org/phi-2.GGUF"),
        ("PHI-2.gguf", "org/phi-2.GGUF"),
        ("qwen3-0", "Qwen3-0.6B-Q8_0.gguf"),
        ("b", ""),
        ("big", "parts/big-00001-of-00002.gguf"),
    ];
    for (reference, expected) in cases {
        match catalog.resolve(reference, &["small"]) {
            Ok(path) => assert_eq!(path, folder.path().join(expected), "{reference}"),
            Err(error) => {
                assert_eq!(expected, "", "{error}");
                assert_eq!(error.to_string(), "'b' may mean big, broken");
            }
        }
    }
    let path = folder.path().join("a/b/c/d/too-deep.gguf");
    assert_eq!(catalog.resolve(path.to_str().unwrap(), &[]).unwrap(), path);
}

#[test]
fn a_path_is_told_from_a_name_without_a_catalog() {
    let folder = TempDir::new().unwrap();
    let there = folder.path().join("there.bin");
    fs::write(&there, "x").unwrap();
    assert_eq!(given_path(there.to_str().unwrap()).unwrap(), Some(there));
    for name in ["small", "qwen3-0.6b", "not-here.gguf", ""] {
        assert_eq!(given_path(name).unwrap(), None, "{name}");
    }
    let gone = folder.path().join("gone.gguf");
    let error = given_path(gone.to_str().unwrap()).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_device_is_not_called_a_folder() {
    let (_folder, catalog) = installed();
    let path = catalog.resolve("/dev/null", &[]).unwrap();
    let error = MappedModel::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
}

#[test]
fn a_folder_here_explains_an_unknown_name() {
    let (_folder, catalog) = installed();
    // Tests run in the crate's own folder.
    let error = catalog.resolve("src", &[]).unwrap_err();
    assert_eq!(error.to_string(), "src is a folder, not a file");
}

#[test]
fn names_that_cannot_be_resolved_say_why() {
    let (folder, catalog) = installed();
    let check = |reference: &str, expected: &str| {
        let error = catalog
            .resolve(reference, &["small", "phi-embedded"])
            .unwrap_err();
        assert_eq!(message(&error, folder.path()), expected);
    };
    check(
        "qwen3",
        "'qwen3' may mean Qwen3-0.6B-Q8_0, Qwen3-1.7B-Q4_K_M",
    );
    check("phi", "'phi' may mean phi-2, phi-embedded");
    check("smal", "no model is called 'smal' (nearest: small)");
    check("phi2", "no model is called 'phi2' (nearest: phi-2)");
    check(
        "1.7b",
        "no model is called '1.7b' (nearest: Qwen3-1.7B-Q4_K_M)",
    );
    check("zzz", "no model is called 'zzz'");
    check("", "no model is called ''");
    let missing = folder.path().join("gone.gguf");
    check(missing.to_str().unwrap(), "gone.gguf does not exist");
    check(
        folder.path().join("org").to_str().unwrap(),
        "org is a folder, not a file",
    );
}

#[test]
fn models_of_one_name_are_told_apart_by_path() {
    let folder = TempDir::new().unwrap();
    for name in ["a/same.gguf", "b/Same.gguf"] {
        write_model(&folder.path().join(name), "w", 1.0, None);
    }
    let catalog = Catalog::scan(folder.path()).unwrap();
    let error = catalog.resolve("same", &[]).unwrap_err();
    assert_eq!(
        message(&error, folder.path()),
        "'same' may mean a/same.gguf, b/Same.gguf"
    );
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end() {
    let folder = TempDir::new().unwrap();
    write_model(&folder.path().join("a.gguf"), "w", 1.0, None);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
    let catalog = Catalog::scan(folder.path()).unwrap();
    assert_eq!(catalog.entries().len(), 1);
    assert_eq!(
        catalog.resolve("a", &[]).unwrap(),
        folder.path().join("a.gguf")
    );
}
