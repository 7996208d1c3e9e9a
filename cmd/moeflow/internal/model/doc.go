// Package model opens a model file: its header, tokenizer, chat template and
// family. It needs no device: what runs the model asks it for a graph of stages.
package model
