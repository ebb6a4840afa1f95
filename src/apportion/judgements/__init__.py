"""judgements"""
