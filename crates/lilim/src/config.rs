//! Configuration, resolved once: flags > environment > project file > user file > default.
//!
//! This is the only place of the program that reads the environment. `lilim doctor` prints every
//! value with where it came from.

use std::env::VarError;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use lilim_api::{KvType, Level, LoadOptions, SpeculationOptions};

use crate::exit::UsageError;

/// The project file, looked for in the working folder.
const PROJECT_FILE: &str = "lilim.toml";

/// The settings there are: the name in files, the environment variable, and what it means.
const SETTINGS: &[(&str, &str, &str)] = &[
    (
        "home",
        "LILIM_HOME",
        "folder of installed models and history",
    ),
    ("threads", "LILIM_THREADS", "worker threads"),
    ("level", "LILIM_LEVEL", "CPU kernels"),
    ("context", "LILIM_CONTEXT", "context length in tokens"),
    ("chunk", "LILIM_CHUNK", "prompt tokens computed at once"),
    ("kv_type", "LILIM_KV_TYPE", "how the KV cache is stored"),
    ("speculation", "LILIM_SPECULATION", "guessing ahead"),
];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An environment variable.
    Environment(&'static str),
    /// A configuration file.
    File(PathBuf),
    /// Nobody said otherwise.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// One resolved setting.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// Its name in configuration files.
    pub(crate) name: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
    /// Its value; `None` leaves the choice to the engine.
    pub(crate) value: Option<String>,
    /// Where the value came from.
    pub(crate) origin: Origin,
}

/// The resolved configuration.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The folder of installed models and history.
    pub(crate) home: PathBuf,
    /// Load options where no flag says otherwise.
    pub(crate) load: LoadOptions,
    /// Every setting with its origin.
    pub(crate) settings: Vec<Setting>,
}

impl Config {
    /// The folder of installed models.
    pub(crate) fn models_folder(&self) -> PathBuf {
        self.home.join("models")
    }

    /// Reads the environment and the files.
    pub(crate) fn resolve() -> anyhow::Result<Self> {
        for (_, variable, _) in SETTINGS {
            if let Err(VarError::NotUnicode(value)) = std::env::var(variable) {
                return Err(UsageError(format!("{variable} is not valid UTF-8: {value:?}")).into());
            }
        }
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let user_file = user_config_folder(&environment).map(|folder| folder.join("config.toml"));
        let mut files = vec![PathBuf::from(PROJECT_FILE)];
        files.extend(user_file);
        let layers = files
            .into_iter()
            .filter(|path| path.exists())
            .map(|path| read_file(&path).map(|table| (path, table)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        Self::from_layers(&environment, &layers)
    }

    fn from_layers(
        environment: &dyn Fn(&str) -> Option<String>,
        files: &[(PathBuf, toml::Table)],
    ) -> anyhow::Result<Self> {
        let settings: Vec<Setting> = SETTINGS
            .iter()
            .map(|&(name, variable, meaning)| {
                let (value, origin) = look_up(name, variable, environment, files);
                Setting {
                    name,
                    meaning,
                    value,
                    origin,
                }
            })
            .collect();
        let defaults = LoadOptions::default();
        let load = LoadOptions {
            threads: parsed(&settings, "threads")?,
            level: parsed::<Level>(&settings, "level")?,
            context: parsed(&settings, "context")?,
            chunk: parsed(&settings, "chunk")?.unwrap_or(defaults.chunk),
            kv_type: parsed::<KvType>(&settings, "kv_type")?.unwrap_or(defaults.kv_type),
            speculation: parsed::<SpeculationOptions>(&settings, "speculation")?
                .unwrap_or(defaults.speculation),
            ..defaults
        };
        let home = match setting(&settings, "home").value.clone() {
            Some(home) => PathBuf::from(home),
            None => default_home(environment),
        };
        Ok(Self {
            home,
            load,
            settings,
        })
    }
}

fn setting<'a>(settings: &'a [Setting], name: &str) -> &'a Setting {
    settings
        .iter()
        .find(|setting| setting.name == name)
        .expect("every name is in SETTINGS")
}

fn look_up(
    name: &str,
    variable: &'static str,
    environment: &dyn Fn(&str) -> Option<String>,
    files: &[(PathBuf, toml::Table)],
) -> (Option<String>, Origin) {
    if let Some(value) = environment(variable) {
        return (Some(value), Origin::Environment(variable));
    }
    for (path, table) in files {
        if let Some(value) = table.get(name) {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            return (Some(text), Origin::File(path.clone()));
        }
    }
    (None, Origin::Default)
}

fn parsed<T>(settings: &[Setting], name: &str) -> anyhow::Result<Option<T>>
where
    T: std::str::FromStr,
    T::Err: fmt::Display,
{
    let setting = setting(settings, name);
    let Some(text) = &setting.value else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|error| {
        UsageError(format!(
            "{name} = '{text}' (from {}): {error}",
            setting.origin
        ))
        .into()
    })
}

fn read_file(path: &Path) -> anyhow::Result<toml::Table> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
    for key in table.keys() {
        if !SETTINGS.iter().any(|(name, ..)| name == key) {
            return Err(unknown_key(path, key).into());
        }
    }
    Ok(table)
}

fn unknown_key(path: &Path, key: &str) -> UsageError {
    let nearest = SETTINGS
        .iter()
        .map(|(name, ..)| *name)
        .max_by(|a, b| strsim::jaro(key, a).total_cmp(&strsim::jaro(key, b)))
        .unwrap_or_default();
    UsageError(format!(
        "{}: unknown key '{key}' (did you mean '{nearest}'?)",
        path.display()
    ))
}

/// `$XDG_DATA_HOME/lilim`, or what stands for it on this system.
fn default_home(environment: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    if let Some(data) = environment("XDG_DATA_HOME") {
        return PathBuf::from(data).join("lilim");
    }
    if let Some(data) = environment("LOCALAPPDATA") {
        return PathBuf::from(data).join("lilim");
    }
    match environment("HOME") {
        Some(home) if cfg!(target_os = "macos") => {
            PathBuf::from(home).join("Library/Application Support/lilim")
        }
        Some(home) => PathBuf::from(home).join(".local/share/lilim"),
        None => PathBuf::from(".lilim"),
    }
}

fn user_config_folder(environment: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    environment("XDG_CONFIG_HOME")
        .or_else(|| environment("APPDATA"))
        .map(PathBuf::from)
        .or_else(|| environment("HOME").map(|home| PathBuf::from(home).join(".config")))
        .map(|folder| folder.join("lilim"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> toml::Table {
        text.parse().unwrap()
    }

    #[test]
    fn the_environment_beats_the_project_file_and_that_the_user_file() {
        let files = [
            (
                PathBuf::from("project"),
                table("threads = 2\nlevel = 'avx2'"),
            ),
            (PathBuf::from("user"), table("threads = 1\nchunk = 64")),
        ];
        let environment = |name: &str| (name == "LILIM_LEVEL").then(|| "reference".to_owned());
        let config = Config::from_layers(&environment, &files).unwrap();
        assert_eq!(config.load.threads, Some(2));
        assert_eq!(config.load.level, Some(Level::Reference));
        assert_eq!(config.load.chunk, 64);
        assert_eq!(
            setting(&config.settings, "level").origin,
            Origin::Environment("LILIM_LEVEL")
        );
        assert_eq!(setting(&config.settings, "kv_type").origin, Origin::Default);
    }

    #[test]
    fn a_value_that_makes_no_sense_names_its_origin() {
        let files = [(PathBuf::from("user"), table("kv_type = 'f64'"))];
        let error = Config::from_layers(&|_| None, &files)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "kv_type = 'f64' (from user): unknown kv cache type 'f64' (one of: f32, f16, q8_0)"
        );
    }

    #[test]
    fn an_unknown_key_suggests_the_nearest() {
        let error = unknown_key(Path::new("lilim.toml"), "thread").to_string();
        assert_eq!(
            error,
            "lilim.toml: unknown key 'thread' (did you mean 'threads'?)"
        );
    }
}
