//! Workers that are processes: this program again, which is a worker when it is told to be one. Its
//! stdout must carry nothing but frames, so it has a main of its own instead of the test harness.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is its own harness"
)]

mod conformance;

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use lilim_api::{CancelToken, Engine, EngineError, Event};
use lilim_engines::wire::Encoding;
use lilim_engines::{ServeOptions, WorkerEngine, serve};

use conformance::{CHECKS, fake, files, load, request, rest, session};

/// The first argument of a worker; then its model's name, the encoding, and what is wrong with it.
const WORKER: &str = "--be-a-worker";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == WORKER) {
        return be_a_worker(&arguments[1..]);
    }
    if arguments.iter().any(|argument| argument == "--list") {
        return println!("process: test");
    }
    for (name, test) in TESTS {
        println!("process: {name}");
        test();
    }
}

const TESTS: &[(&str, fn())] = &[
    ("conformance", conformance_of_processes),
    ("a killed worker is an error, not a hang", killed),
    ("bad workers are refused with what they said", bad_workers),
    ("a worker ends with its last handle", ends_with_its_handles),
    ("a worker that does not end is killed", stubborn),
    ("a worker whose stdin closes ends", orphan),
    ("a worker in Python", python),
];

fn be_a_worker(arguments: &[String]) {
    let [name, encoding, fault] = arguments else {
        panic!("a worker takes three arguments, not {arguments:?}");
    };
    let mut stdout = std::io::stdout();
    match fault.as_str() {
        "prints" => println!("Loading checkpoint shards: 100%"),
        "dies" => {
            eprintln!("ImportError: no module named weights");
            std::process::exit(3);
        }
        "old" => {
            let hello = br#"{"id":0,"reply":{"hello":{"protocol":99,"encoding":"json","engine":"x","version":"1","pid":1,"availability":{"ready":""}}}}"#;
            stdout
                .write_all(&(hello.len() as u32).to_le_bytes())
                .unwrap();
            stdout.write_all(hello).unwrap();
            stdout.flush().unwrap();
        }
        _ => {}
    }
    let options = ServeOptions {
        encoding: encoding.parse().unwrap(),
        embedded: &|_| None,
    };
    let served = serve(&fake(name), options, std::io::stdin().lock(), stdout);
    if fault == "stays" {
        std::thread::sleep(Duration::from_secs(600));
    }
    served.unwrap();
}

fn spawn(name: &str, encoding: Encoding, fault: &str) -> Result<WorkerEngine, EngineError> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([WORKER, name, encoding.as_str(), fault]);
    WorkerEngine::spawn(command)
}

fn conformance_of_processes() {
    for encoding in Encoding::ALL {
        for (name, check) in CHECKS {
            println!("process: {name}, {encoding}");
            check(&|name| Box::new(spawn(name, encoding, "").unwrap()));
        }
    }
}

fn killed() {
    let engine = spawn("endless", Encoding::Msgpack, "").unwrap();
    let model = load(&engine);
    let mut session = session(&engine);
    let receiver = session
        .generate(request(1 << 19), CancelToken::new())
        .unwrap();
    let unread = model.clone().session().unwrap();
    receiver.recv().unwrap();
    engine.kill();
    let events = rest(&receiver);
    let Some(Event::Failed(error @ EngineError::Worker { worker, reason })) = events.last() else {
        panic!("{:?}", events.last());
    };
    assert!(worker.starts_with("fake (process "), "{worker}");
    assert!(reason.starts_with("its process ended ("), "{reason}");
    // whoever asks later hears the same, at once
    let start = Instant::now();
    assert_eq!(engine.check(&files()).as_ref().err(), Some(error));
    assert_eq!(
        model.tokenize("x", false, false).as_ref().err(),
        Some(error)
    );
    let again = session.generate(request(1), CancelToken::new());
    assert_eq!(again.err().as_ref(), Some(error));
    assert_eq!(
        session.with_stepper(&mut |_| Ok(())).err().as_ref(),
        Some(error)
    );
    drop((unread, model, session, engine));
    assert!(start.elapsed() < Duration::from_secs(5));
}

fn bad_workers() {
    let cases = [
        (
            "prints",
            "what came is no frame but text: \"Loading checkpoint shards: 100%\"",
        ),
        (
            "dies",
            "its process ended (exit status: 3); the last of its stderr: ImportError: no module named weights",
        ),
        ("old", "it speaks version 99 of the protocol, not 1"),
    ];
    for (fault, expected) in cases {
        let error = spawn("hash", Encoding::Json, fault).unwrap_err();
        let EngineError::Worker { reason, .. } = &error else {
            panic!("{error}");
        };
        assert!(reason.contains(expected), "{reason}");
    }
    let error = WorkerEngine::spawn(Command::new("/no/such/worker")).unwrap_err();
    assert!(matches!(&error, EngineError::System { what, .. } if what.contains("/no/such/worker")));
}

/// Whether a process is there, as far as this platform tells without a look at the system's tools.
fn is_there(pid: u32) -> bool {
    let path = format!("/proc/{pid}");
    std::path::Path::new("/proc/self").exists() && std::path::Path::new(&path).exists()
}

fn ends_with_its_handles() {
    let engine = spawn("endless", Encoding::Msgpack, "").unwrap();
    let pid = engine.pid().unwrap();
    assert_eq!(engine.hello().pid, pid);
    let mut session = session(&engine);
    drop(engine);
    let receiver = session.generate(request(10), CancelToken::new()).unwrap();
    drop(session);
    assert_eq!(rest(&receiver).len(), 12);
    drop(receiver);
    assert!(!is_there(pid));
}

fn stubborn() {
    let engine = spawn("hash", Encoding::Msgpack, "stays").unwrap();
    let pid = engine.pid().unwrap();
    let start = Instant::now();
    drop(engine);
    assert!(!is_there(pid));
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// The example for people who write workers in Python.
fn python() {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/echo_worker.py"
    );
    let mut command = Command::new("python3");
    command.arg(script);
    let engine = match WorkerEngine::spawn(command) {
        Err(EngineError::System { reason, .. }) => {
            return println!("process: skipped, there is no python3: {reason}");
        }
        started => started.unwrap(),
    };
    assert_eq!(
        (engine.name(), engine.hello().encoding),
        ("echo", Encoding::Json)
    );
    assert_eq!(engine.check(&files()).unwrap().name, "tale");
    let model = load(&engine);
    let ids = model.tokenize("Hé", true, false).unwrap();
    assert_eq!(model.detokenize(&ids).unwrap(), "Hé");
    let mut session = model.session().unwrap();
    let mut ask = request(1 << 19);
    ask.prompt = lilim_api::Prompt::Raw("Hé, ".to_owned());
    for n_read in [0, 10, 200] {
        let receiver = session.generate(ask.clone(), CancelToken::new()).unwrap();
        for _ in 0..n_read {
            receiver.recv().unwrap();
        }
        if n_read == 10 {
            receiver.cancel_token().cancel();
            let events = rest(&receiver);
            assert!(matches!(events.last(), Some(Event::Done { usage, .. }) if usage.n_out < 200));
        }
    }
    ask.stop.max_tokens = Some(10);
    let receiver = session.generate(ask, CancelToken::new()).unwrap();
    let text = rest(&receiver).into_iter().map(|event| match event {
        Event::Token(token) => token.text,
        _ => String::new(),
    });
    assert_eq!(text.collect::<String>(), "Hé, Hé, ");
    let error = session.with_stepper(&mut |_| Ok(())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "model echo is not supported: it has no `stepper`"
    );
}

fn orphan() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([WORKER, "hash", "json", ""])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(output.stdout.ends_with(b"}"), "a hello and nothing else");
}
