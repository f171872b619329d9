//! A server as a side, and the null server by which the client measures itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use lilim_api::{EngineError, LoadOptions, ModelFiles};
use lilim_bench::plan::{CLIENT_CASE, Case, NULL_SERVER, Plan, RequestShape, Work};
use lilim_bench::record::{ModelIdentity, ServerFacts, SideInfo, Transport};
use lilim_bench::side::{Launched, Launcher};
use lilim_engines::{Api, NullServer, OpenAiEngine};

use super::launch::Native;
use crate::exit::UsageError;
use crate::server::{self, NamedServer};

/// What is measured: an engine of ours, or a server.
pub(crate) enum Side {
    /// Our engine.
    Native(Box<Native>),
    /// Somebody's server.
    Server(Box<Server>),
}

impl Side {
    /// What reports say of it.
    pub(crate) fn info(&self) -> SideInfo {
        match self {
            Self::Native(native) => native.info(),
            Self::Server(server) => server.info.clone(),
        }
    }

    /// Tokens that its context holds; of a server that does not tell, more than any case needs.
    pub(crate) fn context(&self) -> u32 {
        match self {
            Self::Native(native) => native.context(),
            Self::Server(server) => {
                let context = server.engine.context().map(u32::try_from);
                context.and_then(Result::ok).unwrap_or(u32::MAX)
            }
        }
    }

    /// Whether this program runs it, so that it can also run in this process.
    pub(crate) fn is_of_this_program(&self) -> anyhow::Result<bool> {
        match self {
            Self::Native(native) => native.is_of_this_program(),
            Self::Server(_) => Ok(false),
        }
    }

    /// Threads that it computes on, as far as is known.
    pub(crate) fn threads(&self) -> usize {
        match self {
            Self::Native(native) => native.threads(),
            Self::Server(_) => 1,
        }
    }

    /// Empties the page cache of its model's file and tells what came of it.
    pub(crate) fn drop_page_cache(&self) -> String {
        match self {
            Self::Native(native) => native.drop_page_cache(),
            Self::Server(server) => server.drop_page_cache(),
        }
    }

    /// What starts it.
    pub(crate) fn launcher(self) -> Box<dyn Launcher> {
        match self {
            Self::Native(native) => native,
            Self::Server(server) => server,
        }
    }
}

/// A server that runs already.
pub(crate) struct Server {
    engine: Arc<OpenAiEngine>,
    options: LoadOptions,
    process_id: Option<u32>,
    info: SideInfo,
    /// Kept running as long as it is measured.
    _null: Option<NullServer>,
}

impl Server {
    /// Finds the server of `URL[,KEY=VALUE…]` and asks what it is.
    pub(crate) fn new(text: &str) -> anyhow::Result<Self> {
        let NamedServer {
            url: name,
            address,
            process_id,
            prefix_cache,
        } = server::parse(text, Api::default())?;
        let engine = OpenAiEngine::connect(address)?;
        let options = LoadOptions {
            prefix_cache,
            context: engine.context(),
            ..LoadOptions::default()
        };
        let info = info(&engine, name, (&options, process_id));
        Ok(Self {
            engine: Arc::new(engine),
            options,
            process_id,
            info,
            _null: None,
        })
    }

    /// The null server, in this process.
    fn null() -> anyhow::Result<Self> {
        let null = NullServer::start()?;
        let mut server = Self::new(&null.url())?;
        // Its port is another every time.
        server.info.name = NULL_SERVER.to_owned();
        server.info.engine = NULL_SERVER.to_owned();
        server.info.server = None;
        server.process_id = Some(std::process::id());
        server._null = Some(null);
        Ok(server)
    }
}

fn info(
    engine: &OpenAiEngine,
    name: String,
    (options, process_id): (&LoadOptions, Option<u32>),
) -> SideInfo {
    let mut unknown = BTreeMap::new();
    let mut add = |what: &str, why: &str| unknown.insert(what.to_owned(), why.to_owned());
    add("sha256", "a server does not show its weights");
    add("program", "its file cannot be known over the network");
    add(
        "options",
        "threads, level, KV type: the API does not tell them",
    );
    add("load", "it was running already");
    if !engine.told().contains_key("quantization") {
        add("quantization", "OpenAI's API does not tell it");
    }
    if process_id.is_none() {
        add(
            "memory and CPU time",
            "its process is not known (pid=N names it)",
        );
    }
    if !engine.takes_tokens() {
        add(
            "prompt length",
            "it has no tokenizer to be asked: prompts are text",
        );
    }
    SideInfo {
        name,
        engine: lilim_api::Engine::name(engine).to_owned(),
        transport: Transport::Server,
        program: None,
        model: ModelIdentity {
            name: engine.model().to_owned(),
            sha256: None,
            quantization: match engine.told().get("quantization") {
                Some(said) => said.clone(),
                None => "of unknown quantization".to_owned(),
            },
            file_bytes: 0,
        },
        options: options.clone(),
        server: Some(ServerFacts {
            told: engine.told().clone(),
            unknown,
        }),
    }
}

impl Launcher for Server {
    fn launch(&self) -> Result<Launched, EngineError> {
        Ok(Launched {
            engine: Arc::clone(&self.engine) as Arc<_>,
            // It has its model: what is named here is not looked at.
            model: ModelFiles::Gguf(self.info.model.name.clone().into()),
            options: self.options.clone(),
            process_id: self.process_id,
        })
    }

    fn drop_page_cache(&self) -> String {
        "the server's own".to_owned()
    }

    fn why_not_loaded(&self) -> Option<String> {
        Some("the server was running already".to_owned())
    }
}

/// Puts the measuring of the client itself before everything else, where a side is a server.
pub(crate) fn measure_client(
    plan: &mut Plan,
    launchers: &mut Vec<Box<dyn Launcher>>,
) -> anyhow::Result<()> {
    let is_server = |side: &SideInfo| side.transport == Transport::Server;
    if !plan.sides.iter().any(is_server) {
        return Ok(());
    }
    let comparison = plan.comparison.as_ref();
    if comparison.is_some_and(|comparison| !comparison.declared_equivalent) {
        let reason = "no comparison: a server tells neither its weights nor how they were loaded \
                      (--equivalent declares that both sides do the same work)";
        return Err(UsageError(reason.to_owned()).into());
    }
    let null = Server::null()?;
    let case = Case {
        id: CLIENT_CASE.to_owned(),
        side: plan.sides.len(),
        work: Work::TtftWarm(CLIENT_SHAPE),
        n_warmups: 5,
        n_samples: 100,
        budget_s: None,
    };
    plan.cases.insert(0, case);
    plan.sides.push(null.info.clone());
    launchers.push(Box::new(null));
    Ok(())
}

/// A request of the kind that is measured most.
const CLIENT_SHAPE: RequestShape = RequestShape {
    n_prompt: 128,
    n_out: 256,
};
