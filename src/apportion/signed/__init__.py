"""signed"""
