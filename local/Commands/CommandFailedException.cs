namespace Reelseal.Local.Commands;

/// <summary>A command cannot do what it was asked; the message says why, and what to do.</summary>
internal sealed class CommandFailedException(string message, Exception? inner = null) : Exception(message, inner);
