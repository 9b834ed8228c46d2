//! Killing analyses at random moments: of the process that analyses, and of the window with it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::process::{children, kill};
use super::{flag, number, release, riders, scratch, snowmesh};
use crate::error::{Error, Result};

/// Kills of each kind without `--kills`.
const KILLS: u64 = 50;

/// Latest kill after the start, as a share of an undisturbed run.
const LATEST: f64 = 0.9;

/// Kills the analysing process, then the whole application, at random moments.
pub fn run(arguments: &[String]) -> Result<()> {
    let kills = flag(arguments, "--kills", KILLS)?;
    let program = release()?;
    let (home, clip) = scratch("survive")?;
    let started = Instant::now();
    finish(&program, &home, &clip)?;
    let whole = started.elapsed();
    let expected = riders(&program, &home, &clip)?;
    println!("an undisturbed run takes {:.1} s", whole.as_secs_f64());

    let mut random = Random(0x5EED);
    let worker = Setting { program: &program, home: &home, clip: &clip, whole, expected: &expected };
    worker.round("analysing process", kills, &mut random, |at| worker.kill_worker(at))?;
    if std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty()) {
        worker.round("whole application", kills, &mut random, |at| worker.kill_application(at))?;
    } else {
        println!("whole application: skipped, there is no display (xvfb-run lends one)");
    }
    Ok(())
}

/// Analyses `clip` to its end, taking up what is there.
fn finish(program: &Path, home: &Path, clip: &Path) -> Result<()> {
    crate::process::run(snowmesh(program, home).arg("analyze").arg(clip).args(["--progress", "none"]))
}

struct Setting<'a> {
    program: &'a Path,
    home: &'a Path,
    clip: &'a Path,
    whole: Duration,
    expected: &'a str,
}

impl Setting<'_> {
    /// Kills `kills` times; each kill is one sitting more of an analysis, which is begun anew once it is whole.
    fn round(
        &self,
        name: &str,
        kills: u64,
        random: &mut Random,
        sitting: impl Fn(Duration) -> Result<u64>,
    ) -> Result<()> {
        let store = self.clip.with_file_name("demo.mp4.snowmesh");
        let (mut whole, mut in_the_middle, mut frames) = (0, 0, 0);
        for kill in 1..=kills {
            if kill % 5 == 1 {
                let _ = std::fs::remove_file(&store);
            }
            let reported = sitting(self.whole.mul_f64(LATEST * random.unit()))?;
            in_the_middle += u64::from(reported > 0);
            frames += reported;
            if store.exists() {
                self.check(reported)?;
            } else if reported > 0 {
                return Err(Error::Missing(format!(
                    "{name}: {reported} frames were reported done, there is no file"
                )));
            }
            if kill % 5 == 0 || kill == kills {
                finish(self.program, self.home, self.clip)?;
                if riders(self.program, self.home, self.clip)? != self.expected {
                    return Err(Error::Missing(format!("{name}: after kill {kill} other riders were found")));
                }
                whole += 1;
            }
        }
        println!(
            "{name}: {kills} kills, {in_the_middle} of them after frames had been reported done; every file opened, all of \
             these {frames} frames were in it, {whole} of {whole} analyses ended with the riders of an undisturbed one"
        );
        Ok(())
    }

    /// That the file opens and holds the frames that were reported done.
    fn check(&self, reported: u64) -> Result<()> {
        let query = "SELECT count(*) FROM frames";
        let store = self.clip.with_file_name("demo.mp4.snowmesh");
        let printed = crate::process::output(Command::new("sqlite3").arg("-readonly").arg(&store).arg(query));
        // Without sqlite3 the next sitting tells whether the file opens.
        let Some(held) = printed.ok().and_then(|text| text.trim().parse::<u64>().ok()) else { return Ok(()) };
        if held < reported {
            return Err(Error::Missing(format!(
                "{reported} frames were reported done, {held} are in the file"
            )));
        }
        Ok(())
    }

    /// Kills an analysis `at` this time after its start; the frames that it had reported done.
    fn kill_worker(&self, at: Duration) -> Result<u64> {
        let mut command = snowmesh(self.program, self.home);
        command.arg("analyze").arg(self.clip).args(["--progress", "json"]).stdout(Stdio::piped());
        let mut child = spawn(&mut command)?;
        let said = child.stdout.take();
        most_reported(
            said,
            |line| number(line, "\"done\":"),
            || {
                std::thread::sleep(at);
                let killed = kill(&[child.id()]);
                let _ = child.wait();
                killed
            },
        )
    }

    /// Kills the window and its worker together `at` this time after the window's start; the frames that the window had
    /// taken for done, as its log tells.
    fn kill_application(&self, at: Duration) -> Result<u64> {
        let mut command = snowmesh(self.program, self.home);
        command.arg(self.clip).env("RUST_LOG", "snowmesh::engine::worker=debug").env("NO_COLOR", "1");
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = spawn(&mut command)?;
        let said = child.stderr.take();
        most_reported(
            said,
            |line| number(line, "done="),
            || {
                // The window itself takes a while to come.
                std::thread::sleep(at + Duration::from_secs(1));
                let mut all = children(child.id());
                all.push(child.id());
                let killed = kill(&all);
                let _ = child.wait();
                killed
            },
        )
    }
}

/// Does `work` while a process speaks; the largest number that `done` finds in what it says until it ends.
fn most_reported(
    said: Option<impl Read + Send>,
    done: impl Fn(&str) -> Option<u64> + Send,
    work: impl FnOnce() -> Result<()>,
) -> Result<u64> {
    let mut most = 0;
    std::thread::scope(|scope| {
        let most = &mut most;
        scope.spawn(move || {
            let lines = said.into_iter().flat_map(|said| BufReader::new(said).lines());
            for line in lines.map_while(std::result::Result::ok) {
                *most = done(&line).unwrap_or(0).max(*most);
            }
        });
        work()
    })?;
    Ok(most)
}

fn spawn(command: &mut Command) -> Result<Child> {
    command.spawn().map_err(|cause| Error::NotStarted { command: "snowmesh".to_owned(), cause })
}

/// Numbers that look random and are the same every time (xorshift64, Marsaglia 2003).
struct Random(u64);

impl Random {
    /// From 0 to 1.
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}
