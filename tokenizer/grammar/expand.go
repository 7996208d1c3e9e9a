package grammar

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxChoices is how many ways a node's choices between schemas may combine.
const maxChoices = 512

// expansionOf makes the choices of some schemas: out has one set of facts for each
// way to choose.
type expansionOf struct {
	s   *schemas
	out *[]facts
}

// choice is a keyword that wants one of several schemas.
type choice struct {
	at       source
	keyword  string
	branches []source
}

// expanding is one way, on its way.
type expanding struct {
	facts   facts
	seen    map[string]bool
	choices []choice
	ways    int
}

// ways lists the facts of each way to choose.
func (s *schemas) ways(work []source) (out []facts) {
	e := expansionOf{s, &out}
	e.all(work, expanding{facts: newFacts(), seen: map[string]bool{}, ways: 1})
	return out
}

// all goes through all that some schemas say.
func (e *expansionOf) all(work []source, x expanding) {
	for len(work) > 0 {
		at := work[0]
		work = work[1:]
		if at.schema == false {
			return
		}
		m, ok := at.schema.(map[string]any)
		if !ok || x.seen[at.path] {
			if !ok && at.schema != true {
				e.s.warn(at, "schema", "it is neither an object nor a boolean")
			}
			continue
		}
		x.seen[at.path] = true
		work = append(slices.Clone(work), e.s.apply(at, m, &x)...)
		if x.facts.kinds == 0 {
			return
		}
	}
	for len(x.choices) > 0 {
		c := x.choices[0]
		x.choices = x.choices[1:]
		if x.ways*len(c.branches) > maxChoices {
			e.s.warn(c.at, c.keyword, "it has too many ways to combine")
			continue
		}
		for _, b := range c.branches {
			way := expanding{x.facts.clone(), maps.Clone(x.seen), slices.Clone(x.choices), x.ways * len(c.branches)}
			e.all([]source{b}, way)
		}
		return
	}
	*e.out = append(*e.out, x.facts)
}

// apply adds what one schema says, and returns the schemas that hold as well.
func (s *schemas) apply(at source, m map[string]any, x *expanding) (more []source) {
	for _, keyword := range sortedKeys(m) {
		v := m[keyword]
		if k, ok := keywords[keyword]; ok {
			if reason := k(s, at, m, v, &x.facts); reason != "" {
				s.warn(at, keyword, reason)
			}
			continue
		}
		switch list, isList := v.([]any); {
		case annotations[keyword]:
		case keyword == "propertyNames":
			keywordNames(s, at, v, &x.facts)
		case keyword == "$ref":
			if to, ok := s.resolve(v); ok {
				more = append(more, to)
			} else {
				s.warn(at, keyword, "it leads nowhere in this schema")
			}
		case keyword == "allOf" && isList:
			more = append(more, at.list(keyword, list)...)
		case (keyword == "anyOf" || keyword == "oneOf") && isList && len(list) > 0:
			branches := at.list(keyword, list)
			if keyword == "oneOf" && !s.apart(branches) {
				s.warn(at, keyword, "more than one of its schemas may hold, it is served as anyOf")
			}
			x.choices = append(x.choices, choice{at, keyword, branches})
		default:
			s.warn(at, keyword, "the keyword is not served")
		}
	}
	return more
}

// list is the schemas of a list.
func (s source) list(keyword string, list []any) []source {
	out := make([]source, len(list))
	for i, v := range list {
		out[i] = source{s.path + "/" + keyword + "/" + strconv.Itoa(i), v}
	}
	return out
}

// below is a schema under a keyword, and a name there.
func (s source) below(v any, names ...string) source {
	path := s.path
	for _, n := range names {
		path += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(n)
	}
	return source{path, v}
}

// findAnchors finds the schemas that have names.
func (s *schemas) findAnchors(path string, v any, depth int) {
	if depth > maxDepth {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			if name, ok := v[k].(string); ok && (k == "$anchor" || k == "$id") {
				if k == "$anchor" {
					name = "#" + name
				}
				s.anchors[name] = source{path, v}
			}
			s.findAnchors(source{path: path}.below(nil, k).path, v[k], depth+1)
		}
	case []any:
		for i, e := range v {
			s.findAnchors(path+"/"+strconv.Itoa(i), e, depth+1)
		}
	}
}

// resolve finds what a reference leads to.
func (s *schemas) resolve(v any) (source, bool) {
	ref, ok := v.(string)
	if !ok {
		return source{}, false
	}
	if to, ok := s.anchors[ref]; ok {
		return to, true
	}
	base, pointer, _ := strings.Cut(ref, "#")
	at := source{"#", s.root}
	if base != "" {
		if at, ok = s.anchors[base]; !ok {
			return source{}, false
		}
	}
	if pointer == "" {
		return at, true
	}
	if pointer, ok = decodePointer(pointer); !ok {
		return source{}, false
	}
	for _, part := range strings.Split(pointer, "/")[1:] {
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch v := at.schema.(type) {
		case map[string]any:
			if at.schema, ok = v[name]; !ok {
				return source{}, false
			}
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(v) {
				return source{}, false
			}
			at.schema = v[i]
		default:
			return source{}, false
		}
		at.path += "/" + part
	}
	return at, true
}

func decodePointer(p string) (string, bool) {
	p, err := url.PathUnescape(p)
	return p, err == nil && strings.HasPrefix(p, "/")
}

// apart tells whether at most one of some schemas holds for any value, as far as
// their types, values and required properties show at a glance.
func (s *schemas) apart(branches []source) bool {
	for i, a := range branches {
		for _, b := range branches[:i] {
			if !s.differ(a, b, 0) {
				return false
			}
		}
	}
	return true
}

func (s *schemas) differ(a, b source, depth int) bool {
	ka, va, ma := s.glance(a)
	kb, vb, mb := s.glance(b)
	if ka&kb == 0 {
		return true
	}
	if va != nil && vb != nil && !slices.ContainsFunc(sortedKeys(va), func(v string) bool { return vb[v] }) {
		return true
	}
	if ka&kb != isObject || depth > 4 {
		return false
	}
	pa, _ := ma["properties"].(map[string]any)
	pb, _ := mb["properties"].(map[string]any)
	for _, name := range texts(ma["required"]) {
		x, okA := pa[name]
		y, okB := pb[name]
		if okA && okB && slices.Contains(texts(mb["required"]), name) &&
			s.differ(a.below(x, "properties", name), b.below(y, "properties", name), depth+1) {
			return true
		}
	}
	return false
}

// glance is a schema's types and values as its own keywords tell them.
func (s *schemas) glance(at source) (k kinds, values map[string]bool, m map[string]any) {
	for range 8 {
		m, _ = at.schema.(map[string]any)
		to, ok := s.resolve(m["$ref"])
		if !ok {
			break
		}
		at = to
	}
	f := newFacts()
	for _, keyword := range []string{"type", "enum", "const"} {
		if v, ok := m[keyword]; ok {
			keywords[keyword](s, at, m, v, &f)
		}
	}
	if f.chosen {
		values = map[string]bool{}
		for _, v := range f.values {
			values[canonical(v)] = true
		}
	}
	return f.kinds, values, m
}

// texts are the strings of a list.
func texts(v any) (out []string) {
	list, _ := v.([]any)
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
