package main

import (
	"encoding/binary"
	"errors"
)

// Instructions of SPIR-V that only tell where a module comes from and what the names
// in its source are: OpSource, OpSourceExtension, OpName and OpMemberName.
const (
	opSource, opSourceExtension = 3, 4
	opName, opMemberName        = 5, 6
)

// spirvHeader is the size of a module's header in bytes.
const spirvHeader = 20

// stripNames removes these from a module, so that the module stays the same, byte for
// byte, when only names and places in the source change. The compiler's own -g0 does
// so only where it was built with an optimizer.
func stripNames(code []byte) ([]byte, error) {
	if len(code) < spirvHeader || len(code)%4 != 0 {
		return nil, errors.New("no module of SPIR-V")
	}
	out := append([]byte(nil), code[:spirvHeader]...)
	for rest := code[spirvHeader:]; len(rest) > 0; {
		word := binary.LittleEndian.Uint32(rest)
		size := 4 * int(word>>16)
		if size == 0 || size > len(rest) {
			return nil, errors.New("an instruction of SPIR-V goes beyond the module's end")
		}
		switch word & 0xffff {
		case opSource, opSourceExtension, opName, opMemberName:
		default:
			out = append(out, rest[:size]...)
		}
		rest = rest[size:]
	}
	return out, nil
}
