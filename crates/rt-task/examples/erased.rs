//! One thin pointer for a value of any type: the trick under a task, alone and small.
//! `cargo run -p rt-task --example erased`
//!
//! A `Box<dyn Trait>` is two words, the value's address and that of a table of functions which the compiler made
//! for its type. Here the second word moves into the value: what is handed around is one word, which a waker
//! has room for. What the compiler checked before, we must: each `unsafe` below says what it rests on.
//!
//! * **A** the header is the first field (`repr(C)`), so the address of a cell is that of its header;
//! * **B** a table is put into a cell by `Erased::new` alone, together with a value of the type that it is for;
//! * **C** one `Erased` owns the cell: it is freed once, by its drop, with the layout it was made with.
use std::ptr::NonNull;

/// What can be done without knowing the type.
struct VTable {
    describe: unsafe fn(NonNull<Header>) -> String,
    free: unsafe fn(NonNull<Header>),
}

/// What stands in front of each value. It has no type parameter: anybody can read it.
struct Header {
    vtable: &'static VTable,
}

#[repr(C)]
struct Cell<T> {
    header: Header,
    value: T,
}

/// A value whose type is forgotten.
struct Erased(NonNull<Header>);

trait Describe {
    fn describe(&self) -> String;
}

impl<T: Describe> Cell<T> {
    /// One table for each type, made by the compiler, in the program's read-only memory.
    const TABLE: &'static VTable = &VTable { describe: Self::describe, free: Self::free };

    unsafe fn describe(header: NonNull<Header>) -> String {
        // SAFETY: A and B: this function stands in the tables of cells of this type only.
        let cell: &Cell<T> = unsafe { header.cast().as_ref() };
        cell.value.describe()
    }

    unsafe fn free(header: NonNull<Header>) {
        // SAFETY: A and B as above; C: the box that `new` took apart is put together once.
        drop(unsafe { Box::from_raw(header.cast::<Cell<T>>().as_ptr()) });
    }
}

impl Erased {
    fn new<T: Describe>(value: T) -> Erased {
        let cell = Box::new(Cell { header: Header { vtable: Cell::<T>::TABLE }, value });
        let cell = NonNull::new(Box::into_raw(cell)).expect("a box is never null");
        Erased(cell.cast()) // A; from here on nobody knows T
    }

    fn describe(&self) -> String {
        // SAFETY: C: the cell lives as long as this; its header may be read whatever T is.
        let vtable = unsafe { self.0.as_ref() }.vtable;
        // SAFETY: B: the table is the cell's own.
        unsafe { (vtable.describe)(self.0) }
    }
}

impl Drop for Erased {
    fn drop(&mut self) {
        // SAFETY: C: the cell lives until here.
        let vtable = unsafe { self.0.as_ref() }.vtable;
        // SAFETY: B and C: its own table, once.
        unsafe { (vtable.free)(self.0) }
    }
}

impl Describe for u8 {
    fn describe(&self) -> String {
        format!("a byte, {self}")
    }
}

/// Says when it is dropped.
struct Loud(&'static str);

impl Describe for Loud {
    fn describe(&self) -> String {
        format!("something loud, {:?}", self.0)
    }
}

impl Drop for Loud {
    fn drop(&mut self) {
        println!("{:?} was dropped, though nobody here knows its type", self.0);
    }
}

fn main() {
    let things = [Erased::new(7_u8), Erased::new(Loud("a drum")), Erased::new(8_u8)];
    things.iter().for_each(|thing| println!("{}", thing.describe()));
    let (thin, fat) = (size_of::<Erased>(), size_of::<Box<dyn Describe>>());
    println!("{thin} bytes each; a Box<dyn Describe> has {fat}");
    assert!(thin == size_of::<usize>() && fat == 2 * thin);
    // Break it: put the table of another type into the cell, or call `free` twice, and run it under a sanitizer:
    // RUSTFLAGS=-Zsanitizer=address cargo +nightly run --target x86_64-unknown-linux-gnu -p rt-task --example erased
}
