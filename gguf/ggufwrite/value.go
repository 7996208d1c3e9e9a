package ggufwrite

import (
	"encoding/binary"
	"fmt"
	"reflect"
)

// GGUF's numbers of the value types.
var kinds = map[reflect.Kind]uint32{
	reflect.Uint8: 0, reflect.Int8: 1, reflect.Uint16: 2, reflect.Int16: 3, reflect.Uint32: 4, reflect.Int32: 5,
	reflect.Float32: 6, reflect.Bool: 7, reflect.String: 8, reflect.Uint64: 10, reflect.Int64: 11, reflect.Float64: 12,
}

const kindArray = 9

// encode gives a value with its type before it.
func encode(value any) ([]byte, error) {
	v := reflect.ValueOf(value)
	if !v.IsValid() {
		return nil, fmt.Errorf("cannot write a value of nil")
	}
	le := binary.LittleEndian
	if v.Kind() != reflect.Slice {
		k, ok := kinds[v.Kind()]
		if !ok {
			return nil, fmt.Errorf("cannot write a value of type %T", value)
		}
		return appendScalar(le.AppendUint32(nil, k), v)
	}
	k, ok := kinds[v.Type().Elem().Kind()]
	if !ok {
		return nil, fmt.Errorf("cannot write a value of type %T", value)
	}
	b := le.AppendUint32(nil, kindArray)
	b = le.AppendUint32(b, k)
	b = le.AppendUint64(b, uint64(v.Len()))
	for i := range v.Len() {
		var err error
		if b, err = appendScalar(b, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendScalar(b []byte, v reflect.Value) ([]byte, error) {
	if v.Kind() == reflect.String {
		return appendString(b, v.String()), nil
	}
	return binary.Append(b, binary.LittleEndian, v.Interface())
}
