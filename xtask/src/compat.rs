//! The suites of `compat/`: each is given its environment, kept from run to run, and the server to talk to.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ground::Ground;
use crate::process::Call;
use crate::test_run::{Outcome, of_tests};

/// Fetching packages, also over a slow line.
const FETCH_LIMIT: Duration = Duration::from_secs(10 * 60);
/// A suite takes some seconds; a reader that is never woken must not hold up the run.
const SUITE_LIMIT: Duration = Duration::from_secs(5 * 60);
const ASK_LIMIT: Duration = Duration::from_secs(30);
/// `node:test` with named reporters, and the built-ins the suite uses.
const NODE_MAJOR_MIN: u32 = 18;

/// A suite: one SDK as it is published, run against the server.
pub(crate) struct Suite {
    pub(crate) title: &'static str,
    folder: &'static str,
    language: Language,
}

enum Language {
    /// Packages from `requirements.txt`; the modules of the tests.
    Python { modules: &'static [&'static str] },
    /// Packages from `package-lock.json`; the files of the tests.
    Node { files: &'static [&'static str] },
    /// The same, and a browser.
    Browser { files: &'static [&'static str] },
}

pub(crate) const SUITES: &[Suite] = &[
    Suite {
        title: "Python SDK 3 (boxsdk 3.14)",
        folder: "python-legacy",
        language: Language::Python { modules: &["test_boxsdk", "test_signing_in"] },
    },
    Suite {
        title: "Python SDK 10 (box_sdk_gen)",
        folder: "python",
        language: Language::Python { modules: &["test_box_sdk_gen", "test_signing_in"] },
    },
    Suite {
        title: "TypeScript SDK 10 (box-node-sdk)",
        folder: "node",
        language: Language::Node { files: &["box-node-sdk.test.js", "signing-in.test.js"] },
    },
    Suite {
        title: "Console in Chromium, with an accessibility checker",
        folder: "console",
        language: Language::Browser { files: &["console.test.js", "reports.test.js", "looks.test.js"] },
    },
];

/// Something that could not be had, in words for the summary.
pub(crate) type Missing = String;

/// Runs one suite.
pub(crate) fn run(ground: &Ground, suite: &Suite) -> Outcome {
    let server = ground.server();
    if !server.is_file() {
        return Outcome::Skipped(format!("there is no {}: the release build failed", server.display()));
    }
    let folder = ground.root.join("compat").join(suite.folder);
    let environment = ground.target.join("compat").join(suite.folder);
    let call = match &suite.language {
        Language::Python { modules } => python(&folder, &environment).map(|python| {
            Call::new(python, &folder, SUITE_LIMIT)
                .words(&["-m", "unittest", "-v"])
                .words(modules)
                // Nothing is left in the source tree, and nothing of the user's own packages comes in.
                .set("PYTHONDONTWRITEBYTECODE", "1")
                .set("PYTHONUNBUFFERED", "1")
                .unset("PYTHONPATH")
                .unset("PYTHONHOME")
        }),
        Language::Node { files } => node(&folder, &environment).map(|packages| node_tests(&folder, packages, files)),
        Language::Browser { files } => browser(&folder).and_then(|browser| {
            let packages = node(&folder, &environment)?;
            Ok(node_tests(&folder, packages, files).set("CHROMIUM", browser))
        }),
    };
    match call {
        // The server is on this machine: no proxy may come between.
        Ok(call) => of_tests(
            call.set("TIDINGS_BIN", server)
                .set("NO_PROXY", "127.0.0.1,localhost")
                .set("no_proxy", "127.0.0.1,localhost"),
        ),
        Err(missing) => Outcome::Skipped(missing),
    }
}

/// The interpreter of an environment with the packages that a folder requires, made if it is not there or not current.
pub(crate) fn python(folder: &Path, environment: &Path) -> Result<PathBuf, Missing> {
    let version = tool("python3", &["python3", "python3-venv"], folder)?;
    let requirements = folder.join("requirements.txt");
    let stamp = Stamp::of(environment, &version, &[&requirements])?;
    let interpreter = environment.join("bin").join("python");
    if stamp.is_current() && interpreter.is_file() {
        return Ok(interpreter);
    }
    stamp.clear()?;
    println!("Making a Python environment in {}", environment.display());
    let make = || {
        Call::new("python3", folder, FETCH_LIMIT)
            .words(&["-m", "venv", "--clear"])
            .words(&[environment])
            .quiet()
            .run()
            .reason()
    };
    if let Some(reason) = make() {
        // Some distributions ship Python without the module that makes environments.
        apt_install(&["python3-venv"], folder).map_err(|why| format!("{reason}; {why}"))?;
        if let Some(reason) = make() {
            return Err(format!("no Python environment could be made: {reason}"));
        }
    }
    let fetched = Call::new(&interpreter, folder, FETCH_LIMIT)
        .words(&["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--requirement"])
        .words(&[&requirements])
        .run();
    match fetched.reason() {
        Some(reason) => Err(format!("the Python packages could not be fetched: {reason}")),
        None => stamp.set().map(|()| interpreter),
    }
}

fn node_tests(folder: &Path, packages: PathBuf, files: &[&str]) -> Call {
    Call::new("node", folder, SUITE_LIMIT)
        .words(&["--test", "--test-reporter=spec"])
        .words(files)
        .set("NODE_PATH", packages)
}

/// The path of a Chromium under one of its names, installed if there is none and that is possible.
fn browser(folder: &Path) -> Result<String, Missing> {
    const FIND: &str = "command -v chromium || command -v chromium-browser || command -v google-chrome";
    let find = || Call::new("sh", folder, ASK_LIMIT).words(&["-c", FIND]).quiet().run();
    let mut found = find();
    if found.fault.is_some() {
        apt_install(&["chromium"], folder).map_err(|why| format!("there is no Chromium; {why}"))?;
        found = find();
    }
    match found.reason() {
        None => Ok(found.said.trim().to_owned()),
        Some(reason) => Err(format!("there is no usable Chromium: {reason}")),
    }
}

/// The folder of the suite's packages, fetched if they are not there or not current.
fn node(folder: &Path, environment: &Path) -> Result<PathBuf, Missing> {
    let version = tool("node", &["nodejs", "npm"], folder)?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < NODE_MAJOR_MIN) {
        return Err(format!("node {NODE_MAJOR_MIN} or newer is needed, this is {version}"));
    }
    tool("npm", &["npm"], folder)?;
    let files = ["package.json", "package-lock.json", ".npmrc"].map(|name| folder.join(name));
    let stamp = Stamp::of(environment, &version, &[&files[0], &files[1], &files[2]])?;
    let packages = environment.join("node_modules");
    if stamp.is_current() && packages.is_dir() {
        return Ok(packages);
    }
    stamp.clear()?;
    println!("Fetching Node packages to {}", packages.display());
    for file in &files {
        let name = file.file_name().expect("each of the files has a name");
        fs::copy(file, environment.join(name)).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let fetched =
        Call::new("npm", environment, FETCH_LIMIT).words(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).run();
    match fetched.reason() {
        Some(reason) => Err(format!("the Node packages could not be fetched: {reason}")),
        None => stamp.set().map(|()| packages),
    }
}

/// What an environment was made from. It is written last, so that one half made is made again.
struct Stamp {
    environment: PathBuf,
    content: String,
}

impl Stamp {
    /// The stamp an environment should bear: the tool's version and the files themselves, which need no hash to compare.
    fn of(environment: &Path, version: &str, files: &[&Path]) -> Result<Self, Missing> {
        let mut content = format!("{version}\n");
        for file in files {
            content += &fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(Self { environment: environment.to_path_buf(), content })
    }

    fn path(&self) -> PathBuf {
        self.environment.join("made-from")
    }

    fn is_current(&self) -> bool {
        fs::read_to_string(self.path()).is_ok_and(|content| content == self.content)
    }

    /// Leaves an empty folder for a new environment.
    fn clear(&self) -> Result<(), Missing> {
        let said = |error| format!("{}: {error}", self.environment.display());
        if self.environment.exists() {
            fs::remove_dir_all(&self.environment).map_err(said)?;
        }
        fs::create_dir_all(&self.environment).map_err(said)
    }

    fn set(&self) -> Result<(), Missing> {
        fs::write(self.path(), &self.content).map_err(|error| format!("{}: {error}", self.path().display()))
    }
}

/// The version of a tool, which is installed from the distribution's packages if it is not there and that is possible.
fn tool(name: &str, packages: &[&str], folder: &Path) -> Result<String, Missing> {
    let ask = || Call::new(name, folder, ASK_LIMIT).words(&["--version"]).quiet().run();
    let mut ended = ask();
    if ended.fault.is_some() {
        apt_install(packages, folder).map_err(|why| format!("there is no {name}; {why}"))?;
        ended = ask();
    }
    match ended.reason() {
        None => Ok(ended.said.trim().to_owned()),
        Some(reason) => Err(format!("there is no usable {name}: {reason}")),
    }
}

/// Installs packages of the distribution, which only the superuser of a machine with apt can do. Servers among them are not
/// started: that is what a run level of 1 says.
pub(crate) fn apt_install(packages: &[&str], folder: &Path) -> Result<(), Missing> {
    let quietly = |program: &str, words: &[&str], limit| {
        Call::new(program, folder, limit)
            .words(words)
            .set("DEBIAN_FRONTEND", "noninteractive")
            .set("RUNLEVEL", "1")
            .quiet()
            .run()
    };
    let root = quietly("id", &["-u"], ASK_LIMIT).said.trim() == "0";
    let apt = quietly("apt-get", &["--version"], ASK_LIMIT).fault.is_none();
    if !(root && apt) {
        return Err(format!("install {}", packages.join(" and ")));
    }
    println!("Installing {}", packages.join(", "));
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(packages);
    for words in [&["update"][..], &install] {
        if let Some(reason) = quietly("apt-get", words, FETCH_LIMIT).reason() {
            return Err(format!("{} could not be installed: {reason}", packages.join(" and ")));
        }
    }
    Ok(())
}
