//! Reads the paths that a source file uses, wherever they stand: imports, expressions, types, macro arguments.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One path in a source file, such as `crate::types::BBox`, with `super` and `self` resolved.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    /// Its parts, a `*` at the end included.
    pub segments: Vec<String>,
    /// Whether it stands in an item that only tests compile.
    pub in_test: bool,
    /// The line, counted from 1.
    pub line: usize,
}

/// The paths in `source`, imports and those of two parts or more: it is the file of the module `module` (`["video", "source"]` for
/// `src/video/source.rs`).
///
/// # Errors
/// When the source has no balanced brackets or quotes.
pub fn paths(source: &str, module: &[String]) -> Result<Vec<Path>, String> {
    let tokens: TokenStream = source.parse().map_err(|error| format!("{error}"))?;
    let in_test = module.iter().any(|name| name == "tests");
    let mut reader = Reader { module: module.to_vec(), in_test, found: Vec::new() };
    reader.read(tokens);
    Ok(reader.found)
}

struct Reader {
    /// The module in which the reader stands, from the root of the crate.
    module: Vec<String>,
    in_test: bool,
    found: Vec<Path>,
}

impl Reader {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            if is_test_attribute(&tokens[at..]) {
                let end = at + item_length(&tokens[at..]);
                let outer = std::mem::replace(&mut self.in_test, true);
                self.read_items(&tokens[at + 2..end]);
                self.in_test = outer;
                at = end;
                continue;
            }
            at += match token {
                TokenTree::Ident(keyword) if keyword == "use" => 1 + self.path(&tokens[at + 1..], &[], 1),
                TokenTree::Ident(_) => self.module_or_path(&tokens[at..]),
                TokenTree::Group(group) => {
                    self.read(group.stream());
                    1
                }
                _ => 1,
            };
        }
    }

    fn read_items(&mut self, tokens: &[TokenTree]) {
        self.read(tokens.iter().cloned().collect());
    }

    /// Reads `mod name { … }` or a path at the front of `tokens`; gives how many of them that took.
    fn module_or_path(&mut self, tokens: &[TokenTree]) -> usize {
        if let [TokenTree::Ident(keyword), TokenTree::Ident(name), TokenTree::Group(body), ..] = tokens
            && keyword == "mod"
            && body.delimiter() == Delimiter::Brace
        {
            self.module.push(name.to_string());
            self.read(body.stream());
            self.module.pop();
            return 3;
        }
        self.path(tokens, &[], 2)
    }

    /// Reads one path at the front of `tokens`, which goes on from `prefix`, and keeps it if it has `least` parts;
    /// gives how many tokens that took.
    fn path(&mut self, tokens: &[TokenTree], prefix: &[String], least: usize) -> usize {
        let mut segments = prefix.to_vec();
        let mut at = 0;
        let mut line = 0;
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(name)) => {
                    line = name.span().start().line;
                    // `use a::{self}` names `a`.
                    if name != "self" || segments.is_empty() {
                        segments.push(name.to_string());
                    }
                }
                Some(TokenTree::Punct(star)) if star.as_char() == '*' && !segments.is_empty() => {
                    line = star.span().start().line;
                    segments.push("*".to_owned());
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace && at > 0 => {
                    self.branches(group.stream(), &segments);
                    return at + 1;
                }
                // A turbofish, or nothing that goes on.
                _ => break,
            }
            at += 1;
            if !is_separator(&tokens[at..]) {
                break;
            }
            at += 2;
        }
        if segments.len() >= least {
            let segments = resolve(segments, &self.module);
            self.found.push(Path { segments, in_test: self.in_test, line });
        }
        at
    }

    /// The branches of `prefix::{a, b::c}`.
    fn branches(&mut self, tree: TokenStream, prefix: &[String]) {
        let tokens: Vec<TokenTree> = tree.into_iter().collect();
        for branch in tokens.split(|token| is_punct(token, ',')).filter(|branch| !branch.is_empty()) {
            self.path(branch, prefix, 1);
        }
    }
}

/// Replaces leading `self` and `super` by the path from the root of the crate.
fn resolve(segments: Vec<String>, module: &[String]) -> Vec<String> {
    if !matches!(segments[0].as_str(), "self" | "super") {
        return segments;
    }
    let supers = segments.iter().filter(|segment| *segment == "super").count();
    let base = &module[..module.len().saturating_sub(supers)];
    let rest = segments.iter().filter(|segment| !matches!(segment.as_str(), "self" | "super"));
    std::iter::once("crate".to_owned()).chain(base.iter().cloned()).chain(rest.cloned()).collect()
}

/// Whether `tokens` begin with `#[cfg(test)]`, `#[cfg(all(test, …))]` or `#[test]`.
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    let [hash, TokenTree::Group(attribute), ..] = tokens else { return false };
    if !is_punct(hash, '#') || attribute.delimiter() != Delimiter::Bracket {
        return false;
    }
    let text = attribute.stream().to_string().replace(' ', "");
    text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// How many tokens the item at the front of `tokens` has, its attributes included.
fn item_length(tokens: &[TokenTree]) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is_punct(other, ';'),
    };
    // `use a::{b};` ends at its semicolon, not at its braces.
    let end = tokens.iter().position(ends).map_or(tokens.len(), |last| last + 1);
    end + usize::from(tokens.get(end).is_some_and(|token| is_punct(token, ';')))
}

fn is_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [first, second, ..] if is_punct(first, ':') && is_punct(second, ':'))
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}
