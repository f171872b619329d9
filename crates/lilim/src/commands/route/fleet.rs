//! The models that may answer: their files, what is known of them, and how they come into memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use lilim_api::{Engine, EngineError, LoadOptions, LoadedModel, ModelFiles, Session};
use lilim_engines::{Api, OpenAiEngine, ServerAddress};
use lilim_host::{HostError, Residency, Source};
use lilim_native::NativeEngine;
use lilim_router::{Candidate, Measured};

use super::job::Identity;
use super::measured::Results;
use crate::commands::bench::header;
use crate::config::Config;
use crate::exit::UsageError;
use crate::machine;
use crate::models;
use crate::server;
use crate::terminal;

/// A loaded model with a session for answers and one for labels: a cached prefix of the one is of no
/// use to the other.
pub(crate) struct Loaded {
    pub(crate) model: Arc<dyn LoadedModel>,
    pub(crate) answers: Box<dyn Session>,
    pub(crate) labels: Box<dyn Session>,
}

/// Models by the name that routes use.
pub(crate) struct Fleet {
    engine: NativeEngine,
    options: LoadOptions,
    members: Vec<Member>,
    /// How long each one took to load, when it last did here.
    load_ms: RefCell<BTreeMap<String, f64>>,
    /// What each one needs, once it was told: the engine reads a file's header for it, which takes tens of
    /// milliseconds, and every decision asks.
    need_bytes: RefCell<BTreeMap<String, u64>>,
}

struct Member {
    name: String,
    place: At,
    file_bytes: u64,
    context: Option<u64>,
    measured: Option<Measured>,
    /// By a benchmark, until it was loaded here.
    load_ms: Option<f64>,
    /// False for one that is here for its labels alone.
    is_candidate: bool,
}

/// Where a model is.
enum At {
    /// In files, for our engine.
    Files(ModelFiles),
    /// At a server, which has loaded it already.
    Server {
        url: String,
        engine: OpenAiEngine,
        /// Whether prompts to it leave the machine.
        is_remote: bool,
    },
}

impl At {
    /// The whole path, the address, or `embedded`; and when a file was written last.
    fn named(&self) -> (String, Option<String>) {
        let path = match self {
            Self::Server { url, .. } => return (url.clone(), None),
            Self::Files(ModelFiles::Embedded { .. }) => return ("embedded".to_owned(), None),
            Self::Files(ModelFiles::Gguf(path)) => path,
        };
        let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
        let modified = path.metadata().and_then(|file| file.modified()).ok();
        let modified = modified.and_then(|time| jiff::Timestamp::try_from(time).ok());
        (
            whole.display().to_string(),
            modified.map(|time| time.to_string()),
        )
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Files(a), Self::Files(b)) => format!("{a:?}") == format!("{b:?}"),
            (Self::Server { engine: a, .. }, Self::Server { engine: b, .. }) => a.is_same(b),
            _ => false,
        }
    }
}

impl Fleet {
    /// The models that the user names, or every installed one and the embedded one.
    pub(crate) fn new(
        config: &Config,
        named: &[String],
        options: LoadOptions,
        allow_remote: bool,
    ) -> anyhow::Result<Self> {
        let mut references: Vec<String> = named.to_vec();
        if references.is_empty() {
            let catalog = models::catalog(config)?;
            references.extend(catalog.entries().iter().map(|entry| entry.name.clone()));
            references.push(models::EMBEDDED_NAME.to_owned());
        }
        let engine = models::native_engine();
        let results = Results::newest(config)?;
        let mut members: Vec<Member> = Vec::new();
        for reference in &references {
            let member = match ServerAddress::is_meant(reference) {
                true => server_member(reference, &results, allow_remote),
                false => member(config, reference, (&engine, &results), &options),
            };
            let member = member.and_then(|one| {
                let name = &one.name;
                if members.iter().any(|member| member.name == *name) {
                    let reason =
                        format!("two models are called '{name}': routes could not tell them apart");
                    return Err(UsageError(reason).into());
                }
                Ok(one)
            });
            match member {
                Ok(member) => members.push(member),
                // Whoever names a model wants it; of all that are installed, one may be of no use.
                Err(error) if !named.is_empty() => return Err(error),
                Err(error) => terminal::tell(&format!("passed over: {reference}: {error:#}")),
            }
        }
        Ok(Self {
            engine,
            options,
            members,
            load_ms: RefCell::default(),
            need_bytes: RefCell::default(),
        })
    }

    /// How models are loaded.
    pub(crate) fn options(&self) -> &LoadOptions {
        &self.options
    }

    /// Names and sizes, in the order of preference.
    pub(crate) fn names(&self) -> Vec<(String, u64)> {
        let all = self.members.iter().filter(|member| member.is_candidate);
        all.map(|member| (member.name.clone(), member.file_bytes))
            .collect()
    }

    /// What every model's name means, the one that sorts included.
    pub(crate) fn identities(&self) -> BTreeMap<String, Identity> {
        let identity = |member: &Member| {
            let (place, modified) = member.place.named();
            Identity {
                place,
                modified,
                measured: member.measured.clone(),
                load_ms: member.load_ms,
            }
        };
        let all = self.members.iter();
        all.map(|member| (member.name.clone(), identity(member)))
            .collect()
    }

    /// How long each model took to load here, which is better known than any benchmark's figure.
    pub(crate) fn loads(&self) -> BTreeMap<String, f64> {
        self.load_ms.borrow().clone()
    }

    /// Takes the place of [`Self::loads`] by what they were.
    pub(crate) fn restore_loads(&self, loads: BTreeMap<String, f64>) {
        self.load_ms.replace(loads);
    }

    /// Takes in the model that sorts prompts, by a name, a path or an address. It answers none unless it is
    /// a candidate anyway. Tells its name and bytes.
    pub(crate) fn add_classifier(
        &mut self,
        config: &Config,
        reference: &str,
        allow_remote: bool,
    ) -> anyhow::Result<(String, u64)> {
        let mut all = self.members.iter();
        if let Some(known) = all.find(|member| member.name == reference) {
            return Ok((known.name.clone(), known.file_bytes));
        }
        let results = Results::newest(config)?;
        let found = match ServerAddress::is_meant(reference) {
            true => server_member(reference, &results, allow_remote)?,
            false => member(config, reference, (&self.engine, &results), &self.options)?,
        };
        let named = (found.name.clone(), found.file_bytes);
        match self.members.iter().find(|member| member.name == found.name) {
            Some(known) if known.place.is_same(&found.place) => {}
            Some(known) => {
                let name = &known.name;
                let reason = format!("another model is called '{name}' too, and may answer");
                return Err(UsageError(reason).into());
            }
            None => self.members.push(Member {
                is_candidate: false,
                ..found
            }),
        }
        Ok(named)
    }

    /// Whether a server answers for it, which has loaded it already.
    pub(crate) fn is_server(&self, name: &str) -> bool {
        let found = self.members.iter().find(|member| member.name == name);
        found.is_some_and(|member| matches!(member.place, At::Server { .. }))
    }

    fn member(&self, name: &str) -> Result<&Member, EngineError> {
        let found = self.members.iter().find(|member| member.name == name);
        found.ok_or_else(|| EngineError::Text(format!("no model '{name}' was chosen")))
    }
}

/// Finds a model and what is known of it.
fn member(
    config: &Config,
    reference: &str,
    (engine, results): (&NativeEngine, &Results),
    options: &LoadOptions,
) -> anyhow::Result<Member> {
    let files = models::resolve(config, reference)?;
    let info = engine.check(&files)?;
    let file_bytes = header::file_bytes(&files);
    // The engine's own choice where nobody says otherwise.
    let most = info.train_context.min(LoadOptions::DEFAULT_CONTEXT);
    let context = options.context.unwrap_or(most);
    let known = results.of_model(&info.name, file_bytes);
    Ok(Member {
        load_ms: known.as_ref().and_then(|known| known.load_ms),
        measured: known.map(|known| known.measured),
        context: u64::try_from(context).ok(),
        is_candidate: true,
        name: models::name_of(&files),
        place: At::Files(files),
        file_bytes,
    })
}

/// Asks a server which model it has. One on another machine is asked nothing unless that is allowed.
fn server_member(text: &str, results: &Results, allow_remote: bool) -> anyhow::Result<Member> {
    let server = server::parse(text, Api::Chat)?;
    let is_remote = !server.address.is_this_machine();
    if is_remote && !allow_remote {
        let url = server.url;
        let reason = format!("{url} is another machine: prompts to it need --allow-remote");
        return Err(UsageError(reason).into());
    }
    let engine = OpenAiEngine::connect(server.address)?;
    let known = results.of_model(engine.model(), 0);
    Ok(Member {
        name: engine.model().to_owned(),
        file_bytes: 0,
        context: engine
            .context()
            .and_then(|context| u64::try_from(context).ok()),
        measured: known.map(|known| known.measured),
        load_ms: None,
        is_candidate: true,
        place: At::Server {
            url: server.url,
            engine,
            is_remote,
        },
    })
}

impl Source for Fleet {
    type Model = Loaded;

    fn need_bytes(&self, name: &str) -> Result<u64, EngineError> {
        if let Some(known) = self.need_bytes.borrow().get(name) {
            return Ok(*known);
        }
        let need = match &self.member(name)?.place {
            At::Files(files) => {
                let options = models::with_machine(&self.options);
                self.engine.estimate(files, &options)?.total_bytes()
            }
            // Another process', which holds it already.
            At::Server { .. } => 0,
        };
        self.need_bytes.borrow_mut().insert(name.to_owned(), need);
        Ok(need)
    }

    fn load(&self, name: &str) -> Result<Loaded, EngineError> {
        let start = std::time::Instant::now();
        let options = models::with_machine(&self.options);
        let model = match &self.member(name)?.place {
            At::Files(files) => self.engine.load(files, &options, &mut |_| {})?,
            // It has its model: what is named here is not looked at.
            At::Server { engine, .. } => {
                engine.load(&ModelFiles::Gguf(name.into()), &options, &mut |_| {})?
            }
        };
        let loaded = Loaded {
            answers: Arc::clone(&model).session()?,
            labels: Arc::clone(&model).session()?,
            model,
        };
        let took = start.elapsed().as_secs_f64() * 1e3;
        if self.is_server(name) {
            return Ok(loaded);
        }
        self.load_ms.borrow_mut().insert(name.to_owned(), took);
        Ok(loaded)
    }
}

/// Models in memory under the user's budget, or what is free.
pub(crate) fn residency(fleet: Fleet, budget_mib: Option<u64>) -> Residency<Fleet> {
    const MIB: u64 = 1 << 20;
    let budget = budget_mib
        .map(|mib| mib.saturating_mul(MIB))
        .or_else(machine::available_memory_bytes);
    Residency::new(fleet, budget.unwrap_or(u64::MAX))
}

/// What the router is told of each model now.
pub(crate) fn candidates(residency: &Residency<Fleet>) -> Vec<Candidate> {
    let fleet = residency.source();
    let load_ms = fleet.load_ms.borrow();
    let candidate = |member: &Member| {
        // What cannot be told here is told when it is fetched.
        let (evicts, unfit) = match residency.would_evict(&member.name) {
            Ok(evicts) => (evicts, None),
            Err(HostError::TooLarge { shortage, .. }) => (Vec::new(), Some(shortage.to_string())),
            Err(_) => (Vec::new(), None),
        };
        Candidate {
            name: member.name.clone(),
            file_bytes: match member.place {
                At::Files(_) => Some(member.file_bytes),
                At::Server { .. } => None,
            },
            context: member.context,
            is_remote: matches!(
                member.place,
                At::Server {
                    is_remote: true,
                    ..
                }
            ),
            is_resident: matches!(member.place, At::Server { .. })
                || residency.is_resident(&member.name),
            load_ms: load_ms.get(&member.name).copied().or(member.load_ms),
            evicts,
            unfit,
            measured: member.measured.clone(),
        }
    };
    let all = fleet.members.iter().filter(|member| member.is_candidate);
    all.map(candidate).collect()
}
