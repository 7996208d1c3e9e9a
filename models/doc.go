// Package models holds the model that ships inside the binary.
package models
