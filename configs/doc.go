// Package configs loads run profiles (TOML) with the file, line and key in
// every error.
//
// A profile says which model to run and how: [model], [device], [context],
// [pipeline], [compute], [sampling] and [run]. Every key, its type, its range
// and what an error asks for stand in one table, keys.go; a new key is one
// field and one line there. The profiles in this folder are part of the binary:
// [Open] finds a file on disk first and a shipped profile second.
package configs
