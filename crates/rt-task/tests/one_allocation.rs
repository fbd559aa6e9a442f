//! A task is one allocation: of any size and alignment, with a name, in a list; and it is given back.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use rt_task::{Builder, Living, Polled, Schedule, Task, TaskRef, trim};
use rt_testkit::{poll, poll_once, within};

const DEADLINE: Duration = Duration::from_secs(30);

/// The system's allocator, with counters for each thread.
struct Counting;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    allocations: usize,
    frees: usize,
    /// The size of the last allocation, and what the system made of it.
    size: usize,
    usable: usize,
}

thread_local! {
    static COUNTS: Cell<Counts> =
        const { Cell::new(Counts { allocations: 0, frees: 0, size: 0, usable: 0 }) };
}

unsafe extern "C" {
    fn malloc_usable_size(memory: *mut u8) -> usize;
}

fn count(change: impl FnOnce(&mut Counts)) {
    let mut counts = COUNTS.get();
    change(&mut counts);
    COUNTS.set(counts);
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let memory = unsafe { System.alloc(layout) };
        // SAFETY: it was just allocated.
        let usable = unsafe { malloc_usable_size(memory) };
        count(|counts| {
            counts.allocations += 1;
            counts.size = layout.size();
            counts.usable = usable;
        });
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(|counts| counts.frees += 1);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `body` allocated and freed on this thread, beginning without recycled cells. One at a time: the
/// depot is for all threads, and the cells of another test would be given back by this one.
fn counted<T>(body: impl FnOnce() -> T) -> (T, Counts) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    trim();
    let before = COUNTS.get();
    let value = body();
    let after = COUNTS.get();
    let counts = Counts {
        allocations: after.allocations - before.allocations,
        frees: after.frees - before.frees,
        ..after
    };
    (value, counts)
}

/// Drops what it is given: such a task is always idle or done.
#[derive(Clone, Copy)]
struct Nowhere;

impl Schedule for Nowhere {
    fn schedule(self, task: Task) -> Result<(), Task> {
        Err(task)
    }

    fn ended(self, _: &TaskRef, _: rt_task::End) {}
}

/// Pending once, then its own address, and that it was the same both times.
struct Twice<T> {
    seen: Option<usize>,
    _room: T,
}

impl<T> Twice<T> {
    fn new(room: T) -> Twice<T> {
        Twice { seen: None, _room: room }
    }
}

impl<T: Unpin> Future for Twice<T> {
    type Output = (usize, bool);

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let here = std::ptr::from_ref(&*self).addr();
        match self.seen {
            None => {
                self.seen = Some(here);
                Poll::Pending
            }
            Some(seen) => Poll::Ready((here, here == seen)),
        }
    }
}

#[repr(align(128))]
struct Line;

/// One task from its spawn to its end: where its future stood, and what was allocated.
fn one_life<F>(future: F) -> ((usize, bool), Counts)
where
    F: Future<Output = (usize, bool)> + Send + 'static,
{
    let (joined, counts) = counted(|| {
        let (task, mut handle) = Task::new(future, ByWord);
        assert!(matches!(poll(task), Polled::Pending), "the first poll is pending");
        handle.task().wake_by_ref();
        let task = ByWord::take().expect("the task was woken: somebody must run it");
        assert!(matches!(poll(task), Polled::Completed), "the second poll is the last");
        let Poll::Ready(Ok(output)) = poll_once(&mut handle) else {
            panic!("a finished task did not give its output");
        };
        drop(handle);
        trim();
        output
    });
    (joined, counts)
}

thread_local! {
    static WOKEN: Cell<Option<Task>> = const { Cell::new(None) };
}

/// Puts the task into a thread-local: no allocation of its own.
#[derive(Clone, Copy, Default)]
struct ByWord;

impl ByWord {
    fn take() -> Option<Task> {
        WOKEN.take()
    }
}

impl Schedule for ByWord {
    fn schedule(self, task: Task) -> Result<(), Task> {
        WOKEN.set(Some(task));
        Ok(())
    }
}

fn assert_one_allocation(what: &str, counts: Counts) {
    let why = "spawning is one malloc, everything after it none: [C1]";
    assert_eq!(counts.allocations, 1, "{what}: {why}");
    let why = "the memory of a finished task was not given back: [S6]";
    assert_eq!(counts.frees, 1, "{what}: {why}");
}

#[test]
fn a_spawn_is_one_allocation() {
    within(DEADLINE, || {
        let (spawned, counts) = counted(|| Task::new(async {}, Nowhere));
        assert_eq!(counts.allocations, 1, "each spawn costs more than one malloc: [C1]");
        let why = "72 bytes of header, and room for the payload of a panic";
        assert_eq!(counts.size, 88, "each task costs other memory than it needs: {why}");
        drop(spawned);
    });
}

#[test]
fn a_name_is_spawned_within_the_one_allocation() {
    within(DEADLINE, || {
        for name in ["", "x", "a name that is rather longer than any of the fields of a header"] {
            let spawn = || Builder::new().name(name).spawn(async {}, Nowhere);
            let ((task, handle), counts) = counted(spawn);
            assert_eq!(counts.allocations, 1, "a name costs a malloc of its own: [C5]");
            let found = handle.task().name();
            assert_eq!(found, Some(name), "a report would show another name: [C5]");
            drop((task, handle));
        }
    });
}

#[test]
fn statistics_are_within_the_one_allocation_and_cost_six_words() {
    within(DEADLINE, || {
        for (name, is_measured, size) in
            [(None, true, 88 + 8 + 48), (Some("name"), true, 88 + 8 + 48 + 4), (None, false, 88)]
        {
            let spawn = || {
                let builder = Builder::new().measured(is_measured);
                let builder = name.into_iter().fold(builder, |builder, name| builder.name(name));
                builder.spawn(async {}, Nowhere)
            };
            let ((task, handle), counts) = counted(spawn);
            assert_eq!(counts.allocations, 1, "statistics cost a malloc of their own: [C5]");
            let why = "the cell, six words of statistics, a word that says what there is";
            // Cells that are used again come in steps of 16 bytes.
            let is_so = (size..size + 16).contains(&counts.size);
            assert!(is_so, "{} bytes, {name:?}: tasks cost other memory than {why}", counts.size);
            drop((task, handle));
        }
    });
}

#[test]
fn a_life_from_spawn_to_join_is_one_allocation() {
    within(DEADLINE, || {
        let (_, counts) = one_life(Twice::new([0u8; 40]));
        assert_one_allocation("a small future", counts);
        let ready = counted(|| {
            drop(Task::new(async {}, Nowhere));
            trim();
        });
        assert_one_allocation("a future of no size", ready.1);
        assert_eq!(ready.1.size, 88, "72 bytes of header, and room for the payload of a panic");
    });
}

#[test]
fn a_future_of_any_alignment_is_one_allocation_and_stands_aligned() {
    within(DEADLINE, || {
        let ((address, same), counts) = one_life(Twice::new(Line));
        assert_one_allocation("a future aligned to 128", counts);
        assert!(address.is_multiple_of(128), "the future stands at {address:#x}: misaligned: [C1]");
        assert!(same, "a pinned future moved between two polls: [C3]");
    });
}

#[test]
fn a_future_of_a_mebibyte_is_one_allocation() {
    within(DEADLINE, || {
        // It is made on the stack and moved into the cell, a few times over in a debug build.
        let roomy = thread::Builder::new().stack_size(32 << 20);
        let life = || one_life(Twice::new([0u8; 1 << 20]));
        let ((_, same), counts) = roomy.spawn(life).expect("a thread").join().expect("no panic");
        assert_one_allocation("a future of 1 MiB", counts);
        assert!(same, "a pinned future moved between two polls: [C3]");
    });
}

#[test]
fn an_output_larger_than_its_future_has_room() {
    within(DEADLINE, || {
        let (output, counts) = counted(|| {
            let (task, mut handle) = Task::new(async { [7u8; 4096] }, Nowhere);
            let _ = poll(task);
            poll_once(&mut handle)
        });
        let Poll::Ready(Ok(output)) = output else { panic!("a finished task has no output") };
        assert!(output.iter().all(|&byte| byte == 7), "the output was damaged on its way: [C4]");
        assert_one_allocation("a large output", counts);
    });
}

#[test]
fn a_name_stands_in_the_same_allocation() {
    within(DEADLINE, || {
        for name in ["", "x", "a name that is rather longer than any of the fields of a header"] {
            let (_, counts) = counted(|| {
                let (task, handle) = Builder::new().name(name).spawn(async {}, Nowhere);
                let task = task.expect("nothing refuses it");
                assert_eq!(task.name(), Some(name), "a report would show another name");
                let _ = poll(task);
                assert_eq!(handle.task().name(), Some(name), "the name is lost at the end");
                drop(handle);
                trim();
            });
            assert_one_allocation(name, counts);
        }
    });
}

#[test]
fn a_task_in_the_list_of_the_living_is_one_allocation() {
    within(DEADLINE, || {
        let living = Living::new().expect("a list is free");
        let generation = living.open();
        let ((), counts) = counted(|| {
            let (task, handle) =
                Builder::new().listed(&living, generation).spawn_local(async {}, Nowhere);
            drop((task, handle));
            trim();
        });
        assert_one_allocation("a listed task", counts);
    });
}

#[test]
fn a_task_that_is_aborted_or_panics_gives_its_memory_back() {
    within(DEADLINE, || {
        let ((), counts) = counted(|| {
            let (task, handle) = Task::new(std::future::pending::<()>(), ByWord);
            let _ = poll(task);
            handle.abort();
            let _ = poll(ByWord::take().expect("an aborted task is run once more"));
            drop(handle);
            trim();
        });
        assert_one_allocation("an aborted task", counts);
        let ((), counts) = counted(|| {
            let payload = 7u8;
            let (task, handle) =
                Task::new(async move { std::panic::resume_unwind(Box::new(payload)) }, ByWord);
            let _ = poll(task);
            drop::<rt_task::JoinHandle<()>>(handle);
            trim();
        });
        assert_eq!(counts.allocations, counts.frees, "a panic leaks memory: {counts:?}");
    });
}

#[test]
#[cfg_attr(rt_sanitize, ignore = "nothing is recycled where it would hide a use after free")]
fn the_next_task_takes_the_memory_of_the_last() {
    within(DEADLINE, || {
        let ((), counts) = counted(|| {
            for _ in 0..1000 {
                drop(Task::new(async {}, Nowhere));
            }
            trim();
        });
        assert_one_allocation("a thousand tasks after each other", counts);
    });
}

#[test]
#[cfg_attr(rt_sanitize, ignore = "nothing is recycled where it would hide a use after free")]
fn a_peak_is_given_back() {
    within(DEADLINE, || {
        let ((), counts) = counted(|| {
            let peak: Vec<_> = (0..200_000).map(|_| Task::new(async {}, Nowhere)).collect();
            let after_spawns = COUNTS.get();
            drop(peak);
            let freed = COUNTS.get().frees - after_spawns.frees;
            assert!(freed > 100_000, "of 200,000 tasks only {freed} were given back after a peak");
            trim();
        });
        assert_eq!(counts.allocations, counts.frees, "`trim` keeps something: {counts:?}");
    });
}

#[test]
fn a_pending_task_with_a_future_of_64_bytes_fills_a_chunk_of_144() {
    within(DEADLINE, || {
        let (handle, counts) = counted(|| {
            let (task, handle) = Task::new(Twice::new([0u64; 6]), Nowhere);
            let _ = poll(task);
            handle
        });
        println!(
            "a pending task with a future of 64 bytes: {} bytes asked for, {} usable, and 8 of malloc's",
            counts.size, counts.usable
        );
        assert_eq!(counts.size, 72 + 64, "the header has grown: every task costs more memory");
        handle.abort();
        assert!(handle.is_finished(), "nowhere to go, so it ends here");
    });
}
