//! A source file, its items, and which of them are marked.
//!
//! Only bodies are swapped, by the place of their braces: everything else stays as it is written.

use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::fault::Fault;
use crate::marker::{Marker, Stub};
use crate::part::PartId;

/// A function, or anything else that a marker may stand above.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// `state::State::wake`: the file's stem, the type if it is a method, the name.
    pub(crate) name: String,
    /// With its docs and attributes.
    pub(crate) whole: Range<usize>,
    /// Where it begins behind its docs and attributes.
    signature: usize,
    /// With its braces; none if it is no function.
    body: Option<Range<usize>>,
    pub(crate) has_docs: bool,
    /// Of an impl of a trait: the trait's docs are its docs.
    pub(crate) is_of_trait: bool,
    /// The word `const` before `fn`.
    constness: Option<Range<usize>>,
    gives_impl: bool,
}

/// An item with the marker above it.
#[derive(Clone, Debug)]
pub(crate) struct Marked {
    pub(crate) part: PartId,
    pub(crate) stub: Stub,
    pub(crate) item: Item,
    /// The line of the marker, without its end.
    line: Range<usize>,
}

/// A place in the text, and what stands there instead.
type Edit = (Range<usize>, String);

/// What becomes of a marked item.
pub(crate) enum Rendering<'a> {
    /// It stays.
    Solved,
    /// It goes, or its body does: the title of the part is for the message.
    Stubbed(&'a str),
    /// It stays, and asks at each call whether it is to be the stub, or one of these wrong bodies.
    Switched { title: &'a str, wrong: Vec<(String, &'a str)> },
}

/// A file with its items.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    items: Vec<Item>,
    pub(crate) marked: Vec<Marked>,
}

impl Source {
    /// Reads a file; `path` is for its messages and for the names of its items.
    pub(crate) fn read(path: &str, text: &str) -> Result<Source, Fault> {
        let file = syn::parse_file(text).map_err(|error| {
            Fault::new(format!("{path}:{}: {error}", error.span().start().line))
        })?;
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs").to_owned();
        let mut items = Items { stem, owner: Vec::new(), found: Vec::new() };
        items.visit_file(&file);
        let mut source = Source {
            path: path.to_owned(),
            text: text.to_owned(),
            items: items.found,
            marked: Vec::new(),
        };
        source.marked = source.match_markers()?;
        Ok(source)
    }

    fn match_markers(&self) -> Result<Vec<Marked>, Fault> {
        let mut marked = Vec::new();
        let mut start = 0;
        for (number, line) in self.text.split_inclusive('\n').enumerate() {
            let end = start + line.trim_end().len();
            let at = |fault: Fault| Fault::new(format!("{}:{}: {fault}", self.path, number + 1));
            if let Some(marker) = Marker::read(line).map_err(at)? {
                let item = self.item_behind(end).ok_or_else(|| {
                    at(Fault::new("a marker, and no item begins on the lines behind it")
                        .next("it stands directly above its item, and not in a macro"))
                })?;
                if self.items.iter().filter(|other| other.name == item.name).count() > 1 {
                    return Err(at(Fault::new(format!("two items are called `{}`", item.name))));
                }
                if item.body.is_none() && marker.stub != Stub::Omit {
                    return Err(at(Fault::new(format!("`{}` has no body to take out", item.name))));
                }
                marked.push(Marked {
                    part: marker.part,
                    stub: marker.stub,
                    item: item.clone(),
                    line: start..end,
                });
            }
            start += line.len();
        }
        Ok(marked)
    }

    /// The item whose signature is what comes next behind `place`, but for attributes and comments.
    fn item_behind(&self, place: usize) -> Option<&Item> {
        let item = self
            .items
            .iter()
            .filter(|item| item.signature >= place)
            .min_by_key(|item| item.signature)?;
        let between = &self.text[place..item.signature];
        let is_near = between.lines().all(|line| {
            let line = line.trim();
            line.is_empty() || line.starts_with("//") || line.starts_with('#')
        });
        is_near.then_some(item)
    }

    /// The item of this name, whether it is marked or not.
    pub(crate) fn find(&self, name: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.name == name)
    }

    /// The text of an item, with its docs, from the beginning of its line.
    pub(crate) fn text_of(&self, item: &Item) -> &str {
        &self.text[self.line_start(item.whole.start)..item.whole.end]
    }

    /// The body of a function with its braces; of anything else nothing.
    pub(crate) fn body_of(&self, item: &Item) -> &str {
        item.body.clone().map_or("", |body| &self.text[body])
    }

    /// The number of the line on which the signature of an item begins, from 1.
    pub(crate) fn line_of(&self, item: &Item) -> usize {
        self.text[..item.signature].matches('\n').count() + 1
    }

    /// The numbers of the lines of an item, from 1.
    pub(crate) fn lines_of(&self, item: &Item) -> Range<usize> {
        let number = |place: usize| self.text[..place].matches('\n').count() + 1;
        number(item.whole.start)..number(item.whole.end) + 1
    }

    /// The file, with each marked item as `choose` says, and its marker as a plain comment.
    pub(crate) fn render<'a>(&self, choose: impl Fn(&Marked) -> Rendering<'a>) -> String {
        let mut edits = Vec::new();
        for marked in &self.marked {
            let sign = format!("{}// STEP {}", self.indent(marked.line.start), marked.part);
            edits.push((marked.line.clone(), sign));
            match choose(marked) {
                Rendering::Solved => {}
                Rendering::Stubbed(title) => self.stub(marked, title, &mut edits),
                Rendering::Switched { title, wrong } => {
                    edits.extend(self.switch(marked, title, &wrong));
                }
            }
        }
        // An item that is gone begins before its marker or with it, and takes it along.
        edits.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut text = String::with_capacity(self.text.len());
        let mut done = 0;
        for (range, new) in edits {
            if range.start < done {
                continue;
            }
            text.push_str(&self.text[done..range.start]);
            text.push_str(&new);
            done = range.end;
        }
        text.push_str(&self.text[done..]);
        text
    }

    fn stub(&self, marked: &Marked, title: &str, edits: &mut Vec<Edit>) {
        let indent = self.indent(marked.item.signature);
        let body = |code: &str| format!("{{\n{indent}    {code}\n{indent}}}");
        let new = match &marked.stub {
            // `todo!` with a message formats it, which a `const fn` can not.
            Stub::Todo if marked.item.constness.is_some() => {
                let message = format!("not yet implemented: {}", message(marked.part, title));
                body(&format!("panic!({message:?})"))
            }
            Stub::Todo => body(&format!("todo!({:?})", message(marked.part, title))),
            Stub::Expr(code) => body(code),
            Stub::Leak => body(&format!("// {}", message(marked.part, title))),
            Stub::Omit => {
                let start = self.line_start(marked.item.whole.start.min(marked.line.start));
                let rest = &self.text[marked.item.whole.end..];
                // One of the two empty lines around it goes as well.
                let length = rest.len() - rest.trim_start_matches([' ', ';']).len();
                let gap = match &rest[length..] {
                    rest if rest.starts_with("\n\n") => 2,
                    rest => usize::from(rest.starts_with('\n')),
                };
                let end = (marked.item.whole.end + length + gap).min(self.text.len());
                edits.push((start..end, String::new()));
                return;
            }
        };
        let place = marked.item.body.clone().expect("it was looked for when the marker was read");
        edits.push((place, new));
    }

    /// What is inserted behind the opening brace. To ask the environment is nothing for a `const fn`,
    /// so it is none there.
    fn switch(&self, marked: &Marked, title: &str, wrong: &[(String, &str)]) -> Vec<Edit> {
        let Some(body) = marked.item.body.clone() else { return Vec::new() };
        let message = message(marked.part, title);
        let panic = format!("todo!({message:?})");
        let deed = match &marked.stub {
            Stub::Todo => panic,
            Stub::Expr(_) if marked.item.gives_impl => panic,
            Stub::Expr(code) if ["todo!", "panic!"].iter().any(|word| code.contains(word)) => panic,
            Stub::Expr(code) => format!("return {{ {code} }};"),
            // In the starter it is silent; here one must see who met it.
            Stub::Leak => format!("::rt_switch::say({message:?}); return;"),
            Stub::Omit => return Vec::new(),
        };
        let part = marked.part.to_string();
        let mut new = format!(" if ::rt_switch::is_stubbed({part:?}) {{ {deed} }}");
        for (name, body) in wrong {
            new.push_str(&format!(" if ::rt_switch::is_wrong({name:?}) {{ return {body}; }}"));
        }
        let word = marked.item.constness.clone().map(|word| (word, String::new()));
        word.into_iter().chain([(body.start + 1..body.start + 1, new)]).collect()
    }

    fn line_start(&self, place: usize) -> usize {
        self.text[..place].rfind('\n').map_or(0, |at| at + 1)
    }

    fn indent(&self, place: usize) -> &str {
        let line = &self.text[self.line_start(place)..];
        &line[..line.len() - line.trim_start_matches(' ').len()]
    }
}

/// What a stub says when it is called.
pub(crate) fn message(part: PartId, title: &str) -> String {
    format!("step {part}: {title}")
}

struct Items {
    stem: String,
    owner: Vec<(String, bool)>,
    found: Vec<Item>,
}

impl Items {
    fn add(
        &mut self,
        name: &str,
        whole: &impl Spanned,
        bare: &impl Spanned,
        attrs: &[syn::Attribute],
    ) {
        let mut path = vec![self.stem.clone()];
        path.extend(self.owner.last().map(|(owner, _)| owner.clone()));
        path.push(name.to_owned());
        self.found.push(Item {
            name: path.join("::"),
            whole: whole.span().byte_range(),
            signature: bare.span().byte_range().start,
            body: None,
            has_docs: attrs.iter().any(|attr| attr.path().is_ident("doc")),
            is_of_trait: self.owner.last().is_some_and(|(_, is_of_trait)| *is_of_trait),
            constness: None,
            gives_impl: false,
        });
    }

    fn add_fn(&mut self, signature: &syn::Signature, block: &syn::Block) {
        if let Some(item) = self.found.last_mut() {
            item.body = Some(block.span().byte_range());
            item.constness = signature.constness.map(|word| word.span().byte_range());
            item.gives_impl = matches!(&signature.output,
                syn::ReturnType::Type(_, gives) if matches!(**gives, syn::Type::ImplTrait(_)));
        }
    }
}

/// The last name of a type's path.
fn type_name(of: &syn::Type) -> String {
    match of {
        syn::Type::Path(path) => {
            path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
        }
        syn::Type::Reference(reference) => type_name(&reference.elem),
        _ => String::new(),
    }
}

macro_rules! plain_items {
    ($($method:ident: $kind:ident => $name:expr;)*) => {$(
        fn $method(&mut self, item: &'ast syn::$kind) {
            let bare = syn::$kind { attrs: Vec::new(), ..item.clone() };
            #[allow(clippy::redundant_closure_call, reason = "a name a kind")]
            let name: String = ($name)(item);
            self.add(&name, item, &bare, &item.attrs);
            visit::$method(self, item);
        }
    )*};
}

impl<'ast> Visit<'ast> for Items {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let bare = syn::ItemFn { attrs: Vec::new(), ..item.clone() };
        self.add(&item.sig.ident.to_string(), item, &bare, &item.attrs);
        self.add_fn(&item.sig, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let bare = syn::ImplItemFn { attrs: Vec::new(), ..item.clone() };
        self.add(&item.sig.ident.to_string(), item, &bare, &item.attrs);
        self.add_fn(&item.sig, &item.block);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        let bare = syn::TraitItemFn { attrs: Vec::new(), ..item.clone() };
        self.add(&item.sig.ident.to_string(), item, &bare, &item.attrs);
        if let Some(block) = &item.default {
            self.add_fn(&item.sig, block);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let bare = syn::ItemImpl { attrs: Vec::new(), ..item.clone() };
        let owner = type_name(&item.self_ty);
        self.add(&format!("impl {owner}"), item, &bare, &item.attrs);
        self.owner.push((owner, item.trait_.is_some()));
        visit::visit_item_impl(self, item);
        self.owner.pop();
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let bare = syn::ItemTrait { attrs: Vec::new(), ..item.clone() };
        self.add(&item.ident.to_string(), item, &bare, &item.attrs);
        self.owner.push((item.ident.to_string(), false));
        visit::visit_item_trait(self, item);
        self.owner.pop();
    }

    plain_items! {
        visit_item_struct: ItemStruct => |item: &syn::ItemStruct| item.ident.to_string();
        visit_item_enum: ItemEnum => |item: &syn::ItemEnum| item.ident.to_string();
        visit_item_const: ItemConst => |item: &syn::ItemConst| item.ident.to_string();
        visit_item_static: ItemStatic => |item: &syn::ItemStatic| item.ident.to_string();
        visit_item_type: ItemType => |item: &syn::ItemType| item.ident.to_string();
        visit_item_use: ItemUse => |_: &syn::ItemUse| "use".to_owned();
        visit_item_mod: ItemMod => |item: &syn::ItemMod| item.ident.to_string();
        visit_impl_item_const: ImplItemConst => |item: &syn::ImplItemConst| item.ident.to_string();
    }
}

#[cfg(test)]
mod tests;
