namespace Reelseal.Local.Functions;

/// <summary>A function did not start; the message holds what it said itself.</summary>
internal sealed class FunctionStartException(string message) : Exception(message);
