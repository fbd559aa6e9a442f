//! Libraries with a reactor of their own, and channels and locks that know no budget here.

mod side_by_side {
    mod budget;
    mod reactors;
    mod ready;
}
