//! Servers as the user writes them: `URL[,KEY=VALUE…]`.

use lilim_engines::{Api, ServerAddress};

use crate::exit::UsageError;

/// A server that is to be asked, and what the user says of it.
pub(crate) struct NamedServer {
    pub(crate) url: String,
    pub(crate) address: ServerAddress,
    pub(crate) process_id: Option<u32>,
    pub(crate) prefix_cache: bool,
}

/// Reads `URL[,KEY=VALUE…]`; `api` is the way to generate where the user names none.
///
/// # Errors
/// What is no address, or no option of a server; a key whose environment variable is not set.
pub(crate) fn parse(text: &str, api: Api) -> Result<NamedServer, UsageError> {
    let (url, wanted) = text.split_once(',').unwrap_or((text, ""));
    let wrong = |reason: String| UsageError(format!("server '{url}': {reason}"));
    let address = ServerAddress::new(url).map_err(UsageError)?.with_api(api);
    let mut server = NamedServer {
        url: url.trim_end_matches('/').to_owned(),
        address,
        process_id: None,
        prefix_cache: false,
    };
    for part in wanted.split(',').filter(|part| !part.is_empty()) {
        let (key, value) = part
            .split_once('=')
            .ok_or_else(|| wrong(format!("'{part}' is not KEY=VALUE")))?;
        let address = server.address;
        server.address = match (key, value) {
            ("model", name) => address.with_model(name.to_owned()),
            ("key_env", variable) => {
                let unset = |error| wrong(format!("environment variable {variable}: {error}"));
                address.with_key(std::env::var(variable).map_err(unset)?)
            }
            ("api", "completions") => address.with_api(Api::Completions),
            ("api", "chat") => address.with_api(Api::Chat),
            ("strict", "true") => address.strict(),
            ("prefix_cache", "on") => {
                server.prefix_cache = true;
                address.with_prefix_cache()
            }
            ("strict", "false") | ("prefix_cache", "off") => address,
            ("pid", number) => {
                let not_one = |error| wrong(format!("pid '{number}': {error}"));
                server.process_id = Some(number.parse().map_err(not_one)?);
                address
            }
            _ => return Err(wrong(unknown(key, value))),
        };
    }
    Ok(server)
}

fn unknown(key: &str, value: &str) -> String {
    const KEYS: &str =
        "model, key_env, pid, api=completions|chat, strict=true|false, prefix_cache=on|off";
    format!("'{key}={value}' is no option of a server (these are: {KEYS})")
}
