namespace Reelseal.Local.Demo;

/// <summary>Something did not do what the demo shows; the message says what.</summary>
internal sealed class DemoFailedException(string message) : Exception(message);
