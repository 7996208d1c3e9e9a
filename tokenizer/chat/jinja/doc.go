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
// A template comes from a model file and is not trusted. Its size and nesting are
// bounded when it is parsed. A rendering has a budget of steps and memory that grows
// with the conversation (budget.go): every filter, method, test, loop and copy pays
// before it works. The depth of calls and values and the size of the output are
// bounded too, and a rendering ends when its context does.
package jinja
