// Package lineedit reads messages from a terminal: with a cursor that moves, a
// history, pasted text of several lines as one message, and characters of any width.
//
// The terminal must be in raw mode. The package knows no files and no signals: it
// takes bytes and writes bytes. golang.org/x/term has an editor too, which counts
// every character as one column, cuts a line at 4,096 characters, and does not tell
// Ctrl-C from the end of the input.
package lineedit
