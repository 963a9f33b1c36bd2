# SPDX-License-Identifier: Apache-2.0
"""Schemas as people write them for answers and tools, each with values that fit or don't."""

VALUES = [None, True, False, 0, 1, -1, 1.0, 1.5, 3, 10, 1e3, "", "a", "ab", "abc", "日本", "2024-01-02", [], [1], [1, 1], [1, 2, 3],
          ["a", "b"], [[1], [1]], [1, "a", True], {}, {"a": 1}, {"a": "x"}, {"a": 1, "b": 2}, {"x-a": 1}, {"a": {"a": {"a": 1}}},
          {"kind": "car", "doors": 4}, {"kind": "bike"}, {"kind": "bike", "doors": 2}, {"name": "Ada", "tags": ["x"]}]
NODE = {"type": "object", "properties": {"a": {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/node"}]}}, "required": ["a"]}

SCHEMAS = [(schema, VALUES) for schema in [
    True, False, {},
    *({"type": t} for t in ("null", "boolean", "integer", "number", "string", "array", "object")),
    {"type": ["string", "null"]},
    {"const": 1}, {"const": [1, 1]}, {"const": {"a": 1}}, {"enum": ["a", 1, None, {"a": "x"}]},
    {"minimum": 1}, {"maximum": 1}, {"exclusiveMinimum": 1}, {"exclusiveMaximum": 1}, {"multipleOf": 0.5}, {"multipleOf": 3},
    {"minLength": 2}, {"maxLength": 2}, {"pattern": "^a"}, {"pattern": "b$"}, {"format": "date"},
    {"items": {"type": "integer"}}, {"prefixItems": [{"type": "integer"}, {"type": "string"}]},
    {"prefixItems": [{"type": "integer"}], "items": False}, {"contains": {"const": 1}},
    {"contains": {"const": 1}, "minContains": 2}, {"contains": {"const": 1}, "maxContains": 1},
    {"contains": {"const": 1}, "minContains": 0}, {"minItems": 2}, {"maxItems": 1}, {"uniqueItems": True},
    {"properties": {"a": {"type": "integer"}}}, {"required": ["a"]}, {"additionalProperties": False},
    {"properties": {"a": True}, "additionalProperties": {"type": "string"}},
    {"patternProperties": {"^x-": {"type": "string"}}}, {"patternProperties": {"^x-": True}, "additionalProperties": False},
    {"minProperties": 1}, {"maxProperties": 1}, {"propertyNames": {"maxLength": 1}}, {"dependentRequired": {"a": ["b"]}},
    {"dependentSchemas": {"a": {"required": ["b"]}}},
    {"allOf": [{"minimum": 1}, {"maximum": 1}]}, {"anyOf": [{"type": "string"}, {"minimum": 1}]},
    {"oneOf": [{"type": "integer"}, {"minimum": 1}]}, {"not": {"type": "string"}}, {"not": {}},
    {"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"type": "object"}},
    {"if": {"required": ["kind"], "properties": {"kind": {"const": "car"}}}, "then": {"required": ["doors"]}},
    {"if": True, "else": False}, {"if": False, "else": {"type": "array"}},
    {"$defs": {"node": NODE}, "$ref": "#/$defs/node"}, {"type": "array", "items": {"$ref": "#"}},
    {"definitions": {"n": {"type": "number"}}, "$ref": "#/definitions/n"},
    {"$defs": {"a/b": {"type": "number"}, "c~d": {"type": "string"}}, "anyOf": [{"$ref": "#/$defs/a~1b"}, {"$ref": "#/$defs/c~0d"}]},
    {"type": "object", "required": ["name", "tags"], "additionalProperties": False,
     "properties": {"name": {"type": "string", "minLength": 1},
                    "tags": {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 1, "uniqueItems": True}}},
    {"title": "t", "description": "d", "default": 1, "examples": [1], "$comment": "c", "x-note": 1, "type": "integer"},
]]
