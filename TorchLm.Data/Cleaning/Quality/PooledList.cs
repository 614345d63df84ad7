namespace TorchLm.Data.Cleaning.Quality;

/// <summary>A growing array that is used again from document to document.</summary>
internal sealed class PooledList<T> where T : unmanaged
{
    // Larger arrays are given up after their document, for one long book should not hold memory until the program ends.
    private const int KeptLength = 1 << 20;

    private T[] _items = new T[1024];

    public int Count { get; private set; }

    public ReadOnlySpan<T> Items => _items.AsSpan(0, Count);

    public void Add(T item)
    {
        if (Count == _items.Length) Array.Resize(ref _items, Count * 2);
        _items[Count++] = item;
    }

    public void Clear()
    {
        Count = 0;
        if (_items.Length > KeptLength) _items = new T[1024];
    }
}
