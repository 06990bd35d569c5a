//! A machine whose clock is wrong: the command with a library before the system's own, which shifts the time of day.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// By how many seconds, for the library.
const VARIABLE: &str = "CLOCK_IS_WRONG_BY";

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    const char *seconds = getenv("CLOCK_IS_WRONG_BY");
    if (result == 0 && clock == CLOCK_REALTIME && seconds) time->tv_sec += atol(seconds);
    return result;
}
"#;

/// Runs a command on a machine whose clock is wrong by so many seconds.
pub fn shift(command: &mut Command, seconds: i64) {
    if seconds != 0 {
        command.env("LD_PRELOAD", library()).env(VARIABLE, seconds.to_string());
    }
}

/// The library, compiled once for the tests of this process, by the linker's own driver: wherever Rust links there is
/// one.
fn library() -> &'static PathBuf {
    static LIBRARY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = LIBRARY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (source, library) = (folder.path().join("clock.c"), folder.path().join("clock.so"));
        std::fs::write(&source, SOURCE).unwrap();
        let compiled =
            Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl").status().unwrap();
        assert!(compiled.success(), "the C compiler that Rust links with cannot compile");
        (folder, library)
    });
    library
}
