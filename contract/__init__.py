"""The words on the wire: events, topics, their JSON Schema and AsyncAPI. Imports nothing of ours."""
