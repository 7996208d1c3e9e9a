// Package output writes the files that a command is asked for, and destroys
// nothing of the user's on the way.
//
// [Check] compares the outputs of a command with its inputs before any of them is
// opened. [Open] begins an output: a file is written beside its place, under the
// name of the place with ".part" behind it, and takes the place when it is
// complete ([File.Commit]). Until then, and where the command fails
// ([File.Discard]), the place holds what it held before. What is no regular file,
// such as a pipe, a terminal or /dev/null, is written to and never replaced or
// removed.
package output
