namespace Reelseal.Local.Functions;

/// <summary>A function did not start; the message contains its own log.</summary>
internal sealed class FunctionStartException(string message) : Exception(message);
