package toolcall

import "strings"

// Call is a complete call of a tool.
type Call struct {
	ID, Name  string
	Arguments string // a JSON object
}

// Message is a complete answer.
type Message struct {
	Content   string
	Reasoning string
	Calls     []Call
}

// Collector makes a message of events. The zero value is ready.
type Collector struct {
	content, reasoning strings.Builder
	calls              []Call
	arguments          []strings.Builder
}

// Add adds events in the order in which they came.
func (c *Collector) Add(events ...Event) {
	for _, e := range events {
		switch e.Kind {
		case Content:
			c.content.WriteString(e.Text)
		case Reasoning:
			c.reasoning.WriteString(e.Text)
		case Start:
			c.calls = append(c.calls, Call{ID: e.ID, Name: e.Name})
			c.arguments = append(c.arguments, strings.Builder{})
		case Arguments:
			c.arguments[e.Index].WriteString(e.Text)
		}
	}
}

// Message is what was added so far.
func (c *Collector) Message() Message {
	m := Message{Content: c.content.String(), Reasoning: c.reasoning.String()}
	for i, call := range c.calls {
		call.Arguments = c.arguments[i].String()
		m.Calls = append(m.Calls, call)
	}
	return m
}

// Read reads a complete text.
func Read(text string, o Options) Message {
	p := New(o)
	var c Collector
	c.Add(p.Feed(text)...)
	c.Add(p.Finish()...)
	return c.Message()
}
