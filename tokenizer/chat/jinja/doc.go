// Package jinja runs the part of Jinja2 that chat templates are written in, as
// Python's Jinja2 does when Hugging Face transformers sets it up: sandboxed and
// immutable, trim_blocks and lstrip_blocks on, loop controls, a tojson that
// keeps order and characters, and raise_exception and strftime_now.
//
// None and undefined are two things, dictionaries keep their order, values print
// as Python prints them, and what is a TypeError there is an error here: a
// template that tells those cases apart takes the same way. Statements: for (with
// filter, else, recursive), if, set (also of a block and of a namespace's
// attribute), macro, call, filter, with, raw, break, continue, generation. There
// is no inheritance and nothing is imported: a chat template is one text.
//
// A template comes from a model file and is not trusted: steps, depth and the
// size of the output are bounded, and no template can bring the program down.
package jinja
