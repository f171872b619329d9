//! Opening models by path, reading reference values, running sequences.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lilim_api::{
    CancelToken, Engine, EngineError, KvType, Level, LoadOptions, LoadedModel, ModelFiles,
    TokenStepper,
};
use lilim_native::{ModelBytes, NativeEngine};
use safetensors::SafeTensors;

/// A file read whole.
pub(crate) struct FileBytes {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl ModelBytes for FileBytes {
    fn parts(&self) -> Vec<&[u8]> {
        vec![&self.bytes]
    }

    fn name(&self) -> &str {
        "test model"
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

/// An engine over files on disk.
pub(crate) fn engine() -> NativeEngine {
    NativeEngine::new(Box::new(|files| {
        let ModelFiles::Gguf(path) = files else {
            panic!("only files are tested here");
        };
        let bytes = std::fs::read(path).map_err(|error| EngineError::Io {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        let path = path.clone();
        Ok(Arc::new(FileBytes { path, bytes }))
    }))
}

/// An engine whose only file is `bytes`.
pub(crate) fn engine_of(bytes: Vec<u8>) -> NativeEngine {
    let file: Arc<dyn ModelBytes> = Arc::new(FileBytes {
        path: PathBuf::from("memory.gguf"),
        bytes,
    });
    NativeEngine::new(Box::new(move |_| Ok(Arc::clone(&file))))
}

/// A file of that name for [`engine_of`], which looks at none.
pub(crate) fn in_memory() -> ModelFiles {
    ModelFiles::Gguf(PathBuf::from("memory.gguf"))
}

/// Exact cache, one thread, a small context.
pub(crate) fn exact() -> LoadOptions {
    LoadOptions {
        kv_type: KvType::F32,
        threads: Some(1),
        context: Some(128),
        ..LoadOptions::default()
    }
}

pub(crate) fn load(path: &Path, options: &LoadOptions) -> Arc<dyn LoadedModel> {
    let files = ModelFiles::Gguf(path.to_owned());
    engine()
        .load(&files, options, &mut |_| ())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The levels this machine can run.
pub(crate) fn levels() -> Vec<Level> {
    let kernels = lilim_kernels::Level::available()
        .filter(|&level| lilim_kernels::Kernels::for_level(level).is_some());
    kernels.map(|level| level.name().parse().unwrap()).collect()
}

/// Runs `work` on a new session's stepper.
pub(crate) fn with_stepper<T>(
    model: &Arc<dyn LoadedModel>,
    work: impl FnOnce(&mut dyn TokenStepper) -> T,
) -> T {
    let mut session = Arc::clone(model).session().unwrap();
    let (mut work, mut result) = (Some(work), None);
    session
        .with_stepper(&mut |stepper| {
            result = work.take().map(|work| work(stepper));
            Ok(())
        })
        .unwrap();
    result.unwrap()
}

/// The logits after each token, computed as one scored sequence.
pub(crate) fn score_all(model: &Arc<dyn LoadedModel>, tokens: &[u32]) -> Vec<f32> {
    with_stepper(model, |stepper| {
        let mut logits = Vec::new();
        stepper
            .score(tokens, 0, &mut |_, row| logits.extend_from_slice(row))
            .unwrap();
        logits
    })
}

pub(crate) fn prefill(stepper: &mut dyn TokenStepper, tokens: &[u32]) -> Result<(), EngineError> {
    stepper.prefill(tokens, &CancelToken::new(), &mut |_| ())
}

pub(crate) fn argmax(logits: &[f32]) -> u32 {
    let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]).then(b.cmp(&a)));
    best.unwrap() as u32
}

/// `max|got - expected| / max|expected|`
pub(crate) fn relative_difference(got: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(got.len(), expected.len());
    let largest = expected.iter().fold(0f32, |max, x| max.max(x.abs()));
    let pairs = got.iter().zip(expected);
    pairs.fold(0f32, |max, (a, b)| max.max((a - b).abs())) / largest
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The GGUF files of one folder of fixtures, by name.
pub(crate) fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = root().join("fixtures").join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no fixtures at {}", folder.display());
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ext| ext == "gguf"))
        .collect();
    paths.sort();
    paths
}

/// A file of the shared data; `None`, with a word about it, where there is none.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = root().join("../shared/data").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: no {}", path.display());
    None
}

pub(crate) fn name_of(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// What a reference computed for a fixture.
pub(crate) struct Expected {
    pub(crate) tokens: Vec<u32>,
    /// `[n, vocab_size]`
    pub(crate) logits: Vec<f32>,
    /// Of a shorter run, where there is one: `(n, logits)`.
    pub(crate) short: Option<(usize, Vec<f32>)>,
}

impl Expected {
    pub(crate) fn of(path: &Path) -> Self {
        let bytes = std::fs::read(path.with_extension("expected.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let words = |name: &str| -> Option<(usize, Vec<[u8; 4]>)> {
            let tensor = file.tensor(name).ok()?;
            let words = tensor.data().as_chunks().0.to_vec();
            Some((tensor.shape()[0], words))
        };
        let floats = |(n, words): (usize, Vec<[u8; 4]>)| {
            let values = words.into_iter().map(f32::from_le_bytes).collect();
            (n, values)
        };
        let tokens = words("tokens").unwrap().1.into_iter();
        Self {
            tokens: tokens.map(|word| i32::from_le_bytes(word) as u32).collect(),
            logits: floats(words("logits").unwrap()).1,
            short: words("logits_short").map(floats),
        }
    }
}
