"""Core ML programs: conversion, and an evaluator of their operations in torch that shares no code with it."""
