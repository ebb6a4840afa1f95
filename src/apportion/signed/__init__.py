"""Learning on continuous-time signed networks: who will trust, who will distrust, and when.

Events are immutable and sorted by time; every number about a pair at time t comes from events before t. Imports
`statistics` and `laws`.
"""
